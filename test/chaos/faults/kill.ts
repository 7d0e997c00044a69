import { setTimeout as sleep } from 'node:timers/promises';
import { SERVICES } from '../world/cloud.ts';
import { gone, send } from '../world/signals.ts';
import { recordsInFlight } from '../world/trigger.ts';
import { JOBS } from '../world/world.ts';
import { type Fault, hit, missed, plural } from './fault.ts';

const TRIES = 6;

/**
 * The processes of the speed function, while they fold. Whether a batch was among them is seen by
 * its failure.
 */
const speedWorker: Fault = {
  kind: 'kill speed function',
  holds: ['speed'],
  async strike(world, stream, random) {
    for (let tries = 1; tries <= TRIES; tries++) {
      const mapping = await world.busy(stream);
      if (mapping === null) continue;
      // The first try meets warm processes, later ones the slow start of new ones.
      await sleep(random.below(tries === 1 ? 40 : 800));
      const killed = world.workersOf(stream, 'speed').filter((pid) => send(pid, 'SIGKILL'));
      const failed = await world.mappingWhen(stream, ({ failures }) => failures > mapping.failures, 1_500);
      if (failed !== null)
        return hit(
          `${plural(killed.length, 'process', 'processes')} of ${stream.view.name}, ${plural(recordsInFlight(mapping), 'record')} in flight`,
        );
    }
    return missed('it was idle each time');
  },
};

/** The processes of the query function, while they answer. */
const queryWorker: Fault = {
  kind: 'kill query function',
  holds: ['query'],
  async strike(world, stream, random) {
    const reader = world.readers.find((one) => one.stream === stream);
    const [window = ''] = Object.keys(stream.view.windowsMs);
    for (let tries = 1; tries <= TRIES; tries++) {
      const asked = [0, 1, 2].map(() => reader?.check({ window, limit: 2_000 }, 1));
      await sleep(random.below(80));
      const killed = world.workersOf(stream, 'query').filter((pid) => send(pid, 'SIGKILL'));
      const unanswered = (await Promise.all(asked)).filter((covered) => covered === null).length;
      if (unanswered > 0 && killed.length > 0)
        return hit(
          `${plural(killed.length, 'process', 'processes')} of ${stream.view.name}, ${plural(unanswered, 'question')} unanswered`,
        );
    }
    return missed('it had answered each time');
  },
};

/** The processes of a batch job, while it works. */
const jobs: readonly Fault[] = JOBS.map((job) => ({
  kind: `kill ${job} function`,
  holds: ['batch'],
  async strike(world, stream, random) {
    for (let tries = 1; tries <= TRIES; tries++) {
      const running = world.runJob(stream, job);
      await sleep(random.below(tries * 60));
      const killed = world.workersOf(stream, job).filter((pid) => send(pid, 'SIGKILL'));
      const invoked = await running;
      if (invoked.kind === 'failed' && killed.length > 0)
        return hit(`${plural(killed.length, 'process', 'processes')} of ${stream.view.name}, under way`);
    }
    return missed('it had ended each time');
  },
}));

/** kill -9 of a part, and `up`. */
const services: readonly Fault[] = SERVICES.map((service) => ({
  kind: `kill ${service}`,
  holds: ['services'],
  async strike(world, stream, random) {
    const pid = world.pidOf(service);
    if (pid === null) return missed('it had no process');
    const mapping = await world.busy(stream);
    if (!send(pid, 'SIGKILL')) return missed(`process ${pid} was gone`);
    await gone(pid, 10_000);
    await sleep(random.below(1_000));
    const started = await world.up();
    const inFlight = mapping === null ? 0 : recordsInFlight(mapping);
    const what = `process ${pid}, ${plural(inFlight, 'record')} in flight`;
    return mapping !== null && started.includes(service) ? hit(what) : missed(what);
  },
}));

/** Restarts like an update or a shutdown: SIGTERM, and `up`. */
const restarts: readonly Fault[] = SERVICES.map((service) => ({
  kind: `restart ${service}`,
  holds: ['services'],
  async strike(world, stream) {
    const pid = world.pidOf(service);
    if (pid === null) return missed('it had no process');
    const mapping = await world.busy(stream);
    if (!send(pid, 'SIGTERM')) return missed(`process ${pid} was gone`);
    const ended = await gone(pid, 30_000);
    const started = await world.up();
    const what = `process ${pid} ${ended ? 'ended in order' : 'did not end in 30 s'}, ${mapping?.invocationsInFlight ?? 0} in flight`;
    return started.includes(service) ? hit(what) : missed(what);
  },
}));

export const kills: readonly Fault[] = [speedWorker, queryWorker, ...jobs, ...services, ...restarts];

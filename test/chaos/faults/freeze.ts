import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stream } from '../stream/driver.ts';
import { SERVICES, type Service } from '../world/cloud.ts';
import { freeze, gone, lives, send, thaw } from '../world/signals.ts';
import { recordsInFlight } from '../world/trigger.ts';
import type { World } from '../world/world.ts';
import { type Fault, hit, missed, plural, type Strike } from './fault.ts';

/** The most time to wait for a moment in which a batch can be frozen. */
const BUSY_WITHIN_MS = 10_000;
/**
 * The timeout of the function meanwhile, so that a frozen batch is delivered again within seconds.
 */
const TIMEOUT_S = 5;
/** And what the emulator takes to end what exceeds it. */
const BEYOND_TIMEOUT_MS = 15_000;
/** Longer than the session of a consumer group's member. */
const BEYOND_SESSION_MS = 7_500;

interface Frozen {
  readonly pid: number;
  readonly records: number;
}

/**
 * Freezes the process that folds a batch, in the middle of it; null when each time none was under
 * way.
 */
async function freezeSpeed(world: World, stream: Stream, withinMs: number): Promise<Frozen | null> {
  for (const giveUpAtMs = Date.now() + BUSY_WITHIN_MS; Date.now() < giveUpAtMs; ) {
    if ((await world.busy(stream)) === null) continue;
    await sleep(withinMs);
    const pid = await busiest(() => world.workersOf(stream, 'speed'));
    if (pid === null || !freeze(pid)) continue;
    await sleep(400);
    // An invocation that is still in flight after this time hangs in the frozen process.
    const mapping = await world.mappingOf(stream);
    if (mapping !== null && mapping.invocationsInFlight > 0) return { pid, records: recordsInFlight(mapping) };
    thaw(pid);
  }
  return null;
}

const WATCHED_MS = 5;

/** The process that was on a processor most in these milliseconds; null when none was. */
async function busiest(pids: () => readonly number[]): Promise<number | null> {
  const before = new Map(pids().map((pid) => [pid, processorNs(pid)]));
  await sleep(WATCHED_MS);
  const spent = Array.from(before, ([pid, ns]) => ({ pid, ns: processorNs(pid) - ns }));
  const most = spent.reduce((left, right) => (right.ns > left.ns ? right : left), { pid: 0, ns: 0 });
  return most.pid === 0 ? null : most.pid;
}

function processorNs(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]);
  } catch {
    return 0;
  }
}

const speedWorker: Fault = {
  kind: 'freeze speed function',
  holds: ['speed'],
  async strike(world, stream, random) {
    const frozen = await freezeSpeed(world, stream, random.below(30));
    if (frozen === null) return missed('it was idle each time');
    await sleep(1_500 + random.below(2_500));
    thaw(frozen.pid);
    return hit(`${plural(frozen.records, 'record')} of ${stream.view.name} in flight`);
  },
};

/**
 * The emulator ends an invocation at its timeout, as Lambda does, and the batch is delivered again.
 */
const beyondTimeout: Fault = {
  kind: 'freeze speed function beyond its timeout',
  holds: ['speed', 'services'],
  async strike(world, stream, random) {
    const timeoutS = await world.setTimeout(stream, 'speed', TIMEOUT_S);
    try {
      // The change ended its processes: only one that has started is timed.
      const before = await world.mappingOf(stream);
      await world.mappingWhen(
        stream,
        ({ recordsInvoked }) => recordsInvoked > (before?.recordsInvoked ?? 0),
        BEYOND_TIMEOUT_MS,
      );
      return await freezeUntilTimeout(world, stream, random.below(30));
    } finally {
      await world.setTimeout(stream, 'speed', timeoutS);
    }
  },
};

async function freezeUntilTimeout(world: World, stream: Stream, withinMs: number): Promise<Strike> {
  const frozen = await freezeSpeed(world, stream, withinMs);
  if (frozen === null) return missed('it was idle each time');
  const timedOut = await world.mappingWhen(
    stream,
    ({ lastProcessingResult }) => lastProcessingResult.includes('timed out'),
    BEYOND_TIMEOUT_MS,
  );
  thaw(frozen.pid);
  const what = `${plural(frozen.records, 'record')} of ${stream.view.name} in flight`;
  return timedOut === null ? missed(`${what}, and no timeout`) : hit(`${what}, timed out and delivered again`);
}

/**
 * A batch is frozen in the middle, its trigger dies, another trigger delivers it to other
 * processes; then the first ones go on.
 */
const zombie: Fault = {
  kind: 'thaw speed function after its batch came again',
  holds: ['speed', 'services'],
  async strike(world, stream, random) {
    const trigger = world.pidOf('trigger');
    const frozen = await freezeSpeed(world, stream, random.below(40));
    if (frozen === null || trigger === null) return missed('it was idle each time');
    send(trigger, 'SIGKILL');
    await gone(trigger, 10_000);
    await world.up();
    const again = await world.mappingWhen(stream, ({ recordsInvoked }) => recordsInvoked >= frozen.records, 25_000);
    thaw(frozen.pid);
    await sleep(500);
    const isAlive = lives(frozen.pid);
    const what = `${plural(frozen.records, 'record')} of ${stream.view.name}, process ${frozen.pid} ${isAlive ? 'went on' : 'was gone'}`;
    return again !== null && isAlive ? hit(what) : missed(what);
  },
};

/** Whether the absence of a frozen part had an effect. */
async function isMissed(world: World, service: Service, piledUp: number): Promise<string | null> {
  switch (service) {
    case 'kafka': {
      const waitedMs = Math.max(...world.streams.map((stream) => stream.waitingMs()));
      return waitedMs > 500 ? `a request to it waited ${Math.round(waitedMs)} ms` : null;
    }
    case 'trigger':
      return piledUp > 0 ? `${plural(piledUp, 'event')} piled up` : null;
    case 'cassandra':
    case 'emulator': {
      const mappings = await Promise.all(world.streams.map((stream) => world.mappingOf(stream)));
      const hanging = mappings.reduce((sum, mapping) => sum + (mapping?.invocationsInFlight ?? 0), 0);
      return hanging > 0 ? `${plural(hanging, 'invocation')} hung` : null;
    }
  }
}

async function freezeService(world: World, service: Service, forMs: number) {
  const pid = world.pidOf(service);
  if (pid === null) return missed('it had no process');
  const before = world.streams.reduce((sum, { ledger }) => sum + ledger.size(), 0);
  if (!freeze(pid)) return missed(`process ${pid} was gone`);
  await sleep(forMs);
  const piledUp = world.streams.reduce((sum, { ledger }) => sum + ledger.size(), 0) - before;
  const seen = await isMissed(world, service, piledUp);
  thaw(pid);
  const what = `process ${pid} for ${(forMs / 1000).toFixed(1)} s`;
  return seen === null ? missed(`${what}, and nobody asked it`) : hit(`${what}, ${seen}`);
}

const services: readonly Fault[] = SERVICES.map((service) => ({
  kind: `freeze ${service}`,
  holds: ['services'],
  strike: (world, _stream, random) => freezeService(world, service, 1_500 + random.below(2_500)),
}));

/** Its group goes on without it; what it was about to commit is of an assignment that is over. */
const beyondSession: Fault = {
  kind: 'freeze trigger beyond its session',
  holds: ['services'],
  strike: (world) => freezeService(world, 'trigger', BEYOND_SESSION_MS),
};

export const freezes: readonly Fault[] = [speedWorker, beyondTimeout, zombie, ...services, beyondSession];

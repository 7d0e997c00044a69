import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  CreateEventSourceMappingCommand,
  DeleteEventSourceMappingCommand,
  type EventSourceMappingConfiguration,
  ListEventSourceMappingsCommand,
} from '@aws-sdk/client-lambda';
import type { MappingState } from '@bifold/trigger';
import type { Stream } from '../stream/driver.ts';
import { mappingsAt } from '../world/trigger.ts';
import { JOBS, type World } from '../world/world.ts';
import { type Fault, hit, missed, plural } from './fault.ts';

const WORKS_WITHIN_MS = 15_000;

async function mappingWhen(
  url: string,
  holds: (mapping: MappingState) => boolean,
  withinMs: number,
): Promise<MappingState | null> {
  for (const giveUpAtMs = Date.now() + withinMs; Date.now() < giveUpAtMs; await sleep(20)) {
    const found = (await mappingsAt(url)).find(holds);
    if (found !== undefined) return found;
  }
  return null;
}

/**
 * A second trigger joins the groups of the first: partitions move there and back, with batches
 * under way on both sides.
 */
const secondTrigger: Fault = {
  kind: 'second trigger',
  holds: ['mappings'],
  async strike(world, _stream, random) {
    const { aws } = world.cloud.addresses;
    const child = spawn(
      process.execPath,
      [fileURLToPath(import.meta.resolve('@bifold/trigger/main')), '--endpoint', aws.endpoint, '--region', aws.region],
      {
        env: { ...process.env, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const end = () => child.kill('SIGKILL');
    process.once('exit', end);
    try {
      const url = await stateUrlOf(child.stdout);
      const works = await mappingWhen(url, ({ recordsInvoked }) => recordsInvoked > 0, WORKS_WITHIN_MS);
      await sleep(500 + random.below(1_500));
      const mappings = await mappingsAt(url);
      const invoked = mappings.reduce((sum, { recordsInvoked }) => sum + recordsInvoked, 0);
      const taken = mappings.reduce((sum, { partitions }) => sum + Object.keys(partitions).length, 0);
      const what = `it took over ${plural(taken, 'partition')} and ${plural(invoked, 'record')}`;
      return works === null ? missed(what) : hit(what);
    } finally {
      // It leaves its groups, or dies and keeps its partitions until its session is over.
      child.kill(random.chance(0.5) ? 'SIGTERM' : 'SIGKILL');
      const giveUp = setTimeout(end, 10_000);
      await ended;
      clearTimeout(giveUp);
      process.off('exit', end);
    }
  },
};

async function stateUrlOf(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const said = JSON.parse(line) as { message?: string; msg?: string; statePort?: number };
    if (said.statePort === undefined) continue;
    output.resume();
    return `http://127.0.0.1:${said.statePort}/state`;
  }
  throw new Error('the second trigger ended before it was ready');
}

/**
 * A second mapping with its own group: two pollers for each partition, the same records in other
 * batches, from some seconds back.
 */
const secondMapping: Fault = {
  kind: 'second mapping',
  holds: ['mappings'],
  async strike(world, stream, random) {
    const own = await ownMapping(world, stream);
    const { UUID } = await world.lambda.send(
      new CreateEventSourceMappingCommand({
        FunctionName: world.functionOf(stream, 'speed'),
        Topics: [stream.view.topic],
        SelfManagedEventSource: own.SelfManagedEventSource,
        SourceAccessConfigurations: own.SourceAccessConfigurations,
        SelfManagedKafkaEventSourceConfig: { ConsumerGroupId: `chaos-${Date.now()}` },
        StartingPosition: 'AT_TIMESTAMP',
        StartingPositionTimestamp: new Date(Date.now() - 1_000 * (2 + random.below(20))),
        BatchSize: 20 + random.below(500),
      }),
    );
    try {
      const isIt = ({ uuid }: MappingState): boolean => uuid === UUID;
      const url = world.cloud.triggerUrl();
      await mappingWhen(url, (mapping) => isIt(mapping) && mapping.recordsInvoked > 0, WORKS_WITHIN_MS);
      await sleep(1_000 + random.below(1_500));
      const mapping = await mappingWhen(url, isIt, 1_000);
      const what = `${plural(mapping?.recordsInvoked ?? 0, 'record')} of ${stream.view.name} twice, in ${plural(mapping?.invocations ?? 0, 'batch', 'batches')}`;
      return (mapping?.recordsInvoked ?? 0) > 0 ? hit(what) : missed(what);
    } finally {
      await removeMapping(world, UUID ?? '');
    }
  },
};

async function ownMapping(world: World, stream: Stream): Promise<EventSourceMappingConfiguration> {
  const FunctionName = world.functionOf(stream, 'speed');
  const { EventSourceMappings = [] } = await world.lambda.send(new ListEventSourceMappingsCommand({ FunctionName }));
  const [own] = EventSourceMappings;
  if (own === undefined) throw new Error(`${FunctionName} has no mapping`);
  return own;
}

/** Repeats until the mapping is gone, because the emulator may be down meanwhile. */
async function removeMapping(world: World, UUID: string): Promise<void> {
  for (const giveUpAtMs = Date.now() + 60_000; ; await sleep(500)) {
    try {
      await world.lambda.send(new DeleteEventSourceMappingCommand({ UUID }));
      return;
    } catch (error) {
      if (error instanceof Error && error.name === 'ResourceNotFoundException') return;
      if (Date.now() > giveUpAtMs) throw error;
    }
  }
}

/** The same job, twice or three times at once. */
const jobs: readonly Fault[] = JOBS.map((job) => ({
  kind: `${job} twice at once`,
  holds: ['batch'],
  async strike(world, stream, random) {
    const runs = await Promise.all(Array.from({ length: 2 + random.below(2) }, () => world.runJob(stream, job)));
    const ended = runs.filter(({ kind }) => kind === 'succeeded').length;
    const workers = world.workersOf(stream, job).length;
    const what = `${plural(ended, 'run')} of ${stream.view.name} in ${plural(workers, 'process', 'processes')}`;
    return ended >= 2 && workers >= 2 ? hit(what) : missed(what);
  },
}));

export const doubles: readonly Fault[] = [secondTrigger, secondMapping, ...jobs];

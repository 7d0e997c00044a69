import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kafkaAdmin } from '@bifold/adapters/kafka';
import { consumerGroupId } from '@bifold/cdk/deployment';
import { ensureFlights } from '@bifold/cli';
import { cloudPaths } from '@bifold/cloud';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Bifold, bifoldIn, type Status, until } from './local/bifold.ts';

/**
 * kill -9 of each part in turn, while events stream. A kill counts only if it hit something: events
 * were in flight, and records came a second time. If a kill fell between two batches, it is tried
 * again.
 */

const TRIES = 8;
const RATE = '2000';
/** More than can be sent while one kill is tried. */
const RECORDS = 100_000;

interface PartitionState {
  readonly position: number;
  readonly committed: number;
  readonly waiting: number;
  readonly inFlight: number;
  readonly recordsInvoked: number;
  readonly recordsRedelivered: number;
}
interface MappingState {
  readonly invocationsInFlight: number;
  readonly partitions: Readonly<Record<string, PartitionState>>;
}

let bifold: Bifold;
let producer: ChildProcess | null = null;
let departuresFile: string;

beforeAll(async () => {
  bifold = bifoldIn('faults');
  const softwareDir = join(bifold.stateDir, '..', '..', 'software');
  const flights = await ensureFlights(
    cloudPaths({ root: join(softwareDir, '..', '..'), stateDir: bifold.stateDir, softwareDir }),
    () => undefined,
  );
  for (const args of [
    ['up'],
    ['deploy', 'delays'],
    ['lookup', 'load', 'airlines', '--file', flights.airlinesFile],
    ['lookup', 'load', 'planes', '--file', flights.planesFile],
  ]) {
    const { status, stderr } = await bifold.run(...args);
    if (status !== 0) throw new Error(stderr);
  }
  const lines = readFileSync(flights.departuresFile, 'utf8').split('\n').slice(0, RECORDS);
  departuresFile = join(bifold.stateDir, 'departures.jsonl');
  writeFileSync(departuresFile, `${lines.join('\n')}\n`);
});

/**
 * Begins with the file again when the last producer has ended: without transactions, each offset is
 * a record, and deliveries can be counted by offsets.
 */
function ensureSending(): void {
  if (producer !== null && producer.exitCode === null && producer.signalCode === null) return;
  producer = bifold.start('produce', 'delays', '--file', departuresFile, '--rate', RATE);
}

async function stopSending(): Promise<void> {
  const last = producer;
  if (last === null || last.exitCode !== null || last.signalCode !== null) return;
  const ended = new Promise((resolve) => last.once('exit', resolve));
  last.kill('SIGKILL');
  await ended;
}

afterAll(async () => {
  await stopSending();
  const { status, stderr } = await bifold.run('down', '--delete');
  if (status !== 0) throw new Error(stderr);
});

async function mapping(): Promise<MappingState | null> {
  const { statePort } = JSON.parse(readFileSync(join(bifold.stateDir, 'trigger.json'), 'utf8')) as {
    statePort: number;
  };
  try {
    const response = await fetch(`http://127.0.0.1:${statePort}/state`, { signal: AbortSignal.timeout(3_000) });
    return ((await response.json()) as { mappings: MappingState[] }).mappings[0] ?? null;
  } catch {
    return null;
  }
}

/** Processes of this cloud that run a function, found by what the emulator gives them. */
function functionProcesses(name: string): readonly number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
        return (
          environment.includes(`AWS_LAMBDA_FUNCTION_NAME=${name}`) &&
          environment.some((entry) => entry.startsWith('BIFOLD_STATE=') && entry.endsWith('/faults'))
        );
      } catch {
        return false;
      }
    });
}

const endsOf = (status: Status): number =>
  Object.values(status.pipelines[0]?.ends ?? {}).reduce((sum, end) => sum + end, 0);

async function pidOf(service: string): Promise<number> {
  const found = (await bifold.status()).services.find(({ name }) => name === service);
  if (!found?.pid) throw new Error(`${service} does not run: ${JSON.stringify(found)}`);
  return found.pid;
}

interface Hit {
  readonly before: number;
  readonly after: number;
  readonly inFlight: number;
  readonly redelivered: number;
}

/** Records that were folded but not committed: the next poller delivers them again. */
async function foldedNotCommitted(): Promise<number> {
  const { pipelines } = JSON.parse(readFileSync(join(bifold.stateDir, 'deployments.json'), 'utf8')) as {
    pipelines: Record<string, { version: string; topicId: string }>;
  };
  const deployment = pipelines.delays;
  if (!deployment) throw new Error('nothing is deployed');
  const { kafkaInternal } = JSON.parse(readFileSync(join(bifold.stateDir, 'ports.json'), 'utf8')) as {
    kafkaInternal: number;
  };
  const admin = kafkaAdmin({ brokers: [`127.0.0.1:${kafkaInternal}`] });
  try {
    const committed = await admin.groupOffsets(consumerGroupId(deployment.version, deployment.topicId), 'departures');
    const status = await bifold.status();
    const folded = endsOf(status) - (status.pipelines[0]?.lag ?? 0);
    return folded - [...committed.values()].reduce((sum, offset) => sum + offset, 0);
  } finally {
    await admin.close();
  }
}

/**
 * The number of deliveries beyond one per record: of failed batches, and of those repeated after a
 * rebalance. Read between batches, when the trigger's counts agree.
 */
async function deliveredAgain(): Promise<number> {
  const isSettled = (state: MappingState | null): boolean => {
    const partitions = Object.values(state?.partitions ?? {});
    return (
      partitions.length > 0 &&
      partitions.every(
        ({ position, committed, waiting, inFlight }) => waiting === 0 && inFlight === 0 && position === committed,
      )
    );
  };
  const state = await until('a moment between batches', mapping, isSettled);
  return Object.values(state?.partitions ?? {}).reduce(
    (sum, { recordsInvoked, recordsRedelivered, committed }) => sum + recordsInvoked + recordsRedelivered - committed,
    0,
  );
}

describe('kill -9, while events stream', () => {
  it.each(['function', 'cassandra', 'emulator', 'kafka', 'trigger'])('of %s loses nothing', async (victim) => {
    let hit: Hit | null = null;
    for (let attempt = 0; attempt < TRIES && (hit === null || hit.redelivered <= 0); attempt++) {
      const pids = victim === 'function' ? [] : [await pidOf(victim)];
      const counted = await deliveredAgain();
      ensureSending();
      const before = endsOf(await bifold.status());
      const flying = await until('events in flight', mapping, (state) => (state?.invocationsInFlight ?? 0) > 0);
      for (const pid of victim === 'function' ? functionProcesses('bifold-delays-speed') : pids)
        process.kill(pid, 'SIGKILL');
      await stopSending();
      let redelivered = 0;
      if (victim !== 'function') {
        await until(
          'the kill to be seen',
          () => bifold.status(),
          ({ services }) => services.some(({ name, state }) => name === victim && state !== 'up'),
        );
        // The trigger counts from its own start, so its own death is seen from outside.
        if (victim === 'trigger') redelivered = await foldedNotCommitted();
        const repaired = await bifold.run('up');
        expect({ status: repaired.status, stderr: repaired.stderr }).toMatchObject({ status: 0 });
      }
      if (victim !== 'trigger') redelivered = (await deliveredAgain()) - counted;
      hit = { before, after: endsOf(await bifold.status()), inFlight: flying?.invocationsInFlight ?? 0, redelivered };
    }
    console.log(`${victim}: ${JSON.stringify(hit)}`);
    expect(hit?.inFlight).toBeGreaterThan(0);
    expect(hit?.redelivered).toBeGreaterThan(0);
  });

  it('leaves the merged answer equal to the plain fold over the whole log', async () => {
    await stopSending();
    const records = endsOf(await bifold.status());
    expect(records).toBeGreaterThan(0);
    await bifold.waitForLag('delays', 0);
    await bifold.json('archive', 'delays');
    await bifold.json('recompute', 'delays');
    const verified = await bifold.json<{ equal: boolean; records: number; differences: unknown[] }>('verify', 'delays');
    expect(verified).toMatchObject({ equal: true, records, differences: [] });
  });
});

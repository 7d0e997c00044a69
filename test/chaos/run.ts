import { setTimeout as sleep } from 'node:timers/promises';
import { PATIENCE_MS } from '../patience.ts';
import { randomOf } from '../simulation/random.ts';
import { FAULTS, type Fault } from './faults/index.ts';
import type { Question } from './judge/oracle.ts';
import { type Covered, includes, upTo } from './judge/ranges.ts';
import type { Reader, ReaderCounts } from './judge/reader.ts';
import type { ChaosReport, FaultRecord, StreamReport, Verified } from './report.ts';
import { type Round, roundsOf } from './schedule.ts';
import { logEnds, type Stream } from './stream/driver.ts';
import { BatchJobs } from './world/batch-jobs.ts';
import { TriggerWatch } from './world/trigger.ts';
import type { World } from './world/world.ts';

export interface RunOptions {
  readonly seed: number;
  readonly minutes: number;
  /** Kinds to choose from; null means all. */
  readonly only: readonly string[] | null;
  readonly signal: AbortSignal;
  /** One line of what happens. */
  readonly tell: (line: string) => void;
}

const VERIFY_EVERY_MS = 90_000;
const CALM_MS = 400;

/**
 * Streams, readers and batch jobs run while faults strike. Then everything is stopped and compared.
 */
export async function runChaos(world: World, violations: string[], options: RunOptions): Promise<ChaosReport> {
  const { seed, minutes, signal, tell } = options;
  const working = new AbortController();
  const watch = new TriggerWatch(() => world.cloud.triggerUrl());
  const jobs = new BatchJobs();
  const background = [
    watch.run(working.signal),
    jobs.run(world, working.signal),
    ...world.readers.map((reader) => reader.read(randomOf(seed, `reader ${reader.stream.view.name}`), working.signal)),
  ];
  const records: FaultRecord[] = [];
  const verified: Verified[] = [];
  try {
    await strikeUntil(world, violations, options, records, verified);
  } finally {
    working.abort();
    await Promise.all(background);
  }
  signal.throwIfAborted();
  tell('at rest: the streams stop, and everything is compared');
  const streams: StreamReport[] = [];
  for (const reader of world.readers) streams.push(await settle(world, reader, violations));
  for (const { view } of world.streams) verified.push(await verify(world, view.name, violations, tell, 'both'));
  return {
    seed,
    minutes,
    passed: violations.length === 0,
    faults: records,
    streams,
    answers: summed(world.readers.map(({ counts }) => counts)),
    jobs: jobs.counts,
    verified,
    trigger: watch.totals,
    violations,
  };
}

async function strikeUntil(
  world: World,
  violations: string[],
  { seed, minutes, only, signal, tell }: RunOptions,
  records: FaultRecord[],
  verified: Verified[],
): Promise<void> {
  const chosen = FAULTS.filter(({ kind }) => only === null || only.includes(kind));
  const endAtMs = Date.now() + minutes * 60_000;
  let verifyAtMs = Date.now() + VERIFY_EVERY_MS;
  for (const round of roundsOf(seed, chosen)) {
    if (Date.now() >= endAtMs || signal.aborted) return;
    if (Date.now() >= verifyAtMs) {
      // While events come, each row ahead of the receipt costs the verification a pass over the
      // log; the readers' oracle checks those.
      await Promise.all(world.streams.map((stream) => stream.pause()));
      await healing(world, PATIENCE_MS);
      for (const { view } of world.streams) verified.push(await verify(world, view.name, violations, tell));
      for (const stream of world.streams) stream.resume();
      verifyAtMs = Date.now() + VERIFY_EVERY_MS;
    }
    await sleep(CALM_MS + round.random.below(CALM_MS));
    records.push(...(await strike(world, round, violations, tell)));
  }
}

/**
 * The faults of a round at once, and then the time until all that was acknowledged by then is in
 * answers.
 */
async function strike(
  world: World,
  { faults, random }: Round,
  violations: string[],
  tell: (line: string) => void,
): Promise<readonly FaultRecord[]> {
  const struck = await Promise.all(
    faults.map(async (fault) => {
      const startedAtMs = performance.now();
      const { hit, what } = await fault
        .strike(world, random.pick(world.streams), random)
        .catch((error: unknown) => failed(fault, error, violations));
      return { kind: fault.kind, hit, what, struckMs: performance.now() - startedAtMs };
    }),
  );
  const healedMs = await healing(world, PATIENCE_MS);
  if (healedMs === null) {
    violations.push(`${faults.map(({ kind }) => kind).join(' and ')} did not heal in ${PATIENCE_MS / 1000} s`);
    tell('it does not heal; bifold up');
    await world.up().catch((error: unknown) => violations.push(String(error)));
    await healing(world, PATIENCE_MS);
  }
  return struck.map((one, index) => {
    const mark = faults.length === 1 ? ' ' : index === 0 ? '┌' : '└';
    const healed = healedMs === null ? 'NOT HEALED' : `healed in ${(healedMs / 1000).toFixed(1)} s`;
    tell(
      `${mark} ${one.kind}: ${one.hit ? '' : 'missed, '}${one.what}; ${(one.struckMs / 1000).toFixed(1)} s, ${healed}`,
    );
    return { ...one, healedMs };
  });
}

function failed({ kind }: Fault, error: unknown, violations: string[]): { hit: boolean; what: string } {
  const what = error instanceof Error ? error.message : String(error);
  violations.push(`${kind}: ${what}`);
  return { hit: false, what };
}

const ASK_EVERY_MS = 100;
const ASK_PATIENCE_MS = 5_000;

/**
 * Until an answer of each view covers all that is acknowledged now. @returns how long it took; null
 * when it did not come to that
 */
async function healing(world: World, withinMs: number): Promise<number | null> {
  const startedAtMs = performance.now();
  const healed = await Promise.all(
    world.readers.map(async (reader) => {
      const wanted = upTo(reader.stream.ledger.ends());
      const { view } = reader.stream;
      const query = { window: Object.keys(view.windowsMs)[0] as string, limit: 1 };
      for (; performance.now() - startedAtMs < withinMs; await sleep(ASK_EVERY_MS)) {
        const covered = await reader.check(query, 1, ASK_PATIENCE_MS);
        if (covered !== null && includes(covered, wanted)) return true;
      }
      return false;
    }),
  );
  return healed.every(Boolean) ? performance.now() - startedAtMs : null;
}

const VERIFY_TRIES = 3;

/**
 * The product's own verification. Its exit status 1 is a difference; a service that is away is
 * asked again.
 */
async function verify(
  world: World,
  pipeline: string,
  violations: string[],
  tell: (line: string) => void,
  against: 'log' | 'both' = 'log',
): Promise<Verified> {
  for (let tries = 1; ; tries++) {
    const { status, stdout, stderr } = await world.cloud.run('verify', pipeline, '--against', against, '--json');
    if (status > 1 && tries < VERIFY_TRIES) {
      tell(`  verify ${pipeline} ended with ${status}, once more: ${stderr.trim().split('\n').at(-1)}`);
      continue;
    }
    if (status > 1) {
      violations.push(`bifold verify ${pipeline} ended with ${status}: ${stderr}`);
      return { pipeline, equal: false, records: 0, rows: 0, differences: [] };
    }
    const { equal, records, rows, differences } = JSON.parse(stdout) as Verified;
    if (!equal) violations.push(`bifold verify ${pipeline}: ${JSON.stringify(differences)}`);
    tell(
      `  verify ${pipeline}${against === 'both' ? ' against log and archive' : ''}: ${equal ? 'equal' : 'NOT EQUAL'}, ${records.toLocaleString('en-US')} records`,
    );
    return { pipeline, equal, records, rows, differences };
  }
}

/**
 * Ends a stream, and compares every row of every window over all that was acknowledged: nothing
 * lost, nothing double.
 */
async function settle(world: World, reader: Reader, violations: string[]): Promise<StreamReport> {
  const { stream } = reader;
  const { view, ledger } = stream;
  await stream.stop().catch((error: unknown) => violations.push(`the stream of ${view.name} ended: ${String(error)}`));
  const ends = await logEnds(world.cloud.addresses.kafka.brokersInternal, view.topic);
  for (const [partition, end] of ledger.next().entries())
    if (ends.get(partition) !== end)
      violations.push(
        `${view.topic}, partition ${partition}: ${end} records acknowledged, and the log ends at ${ends.get(partition)}`,
      );
  if ((await healing(world, PATIENCE_MS)) === null)
    violations.push(`${view.name}: at rest, answers do not cover what was acknowledged`);
  for (const job of ['archive', 'recompute'] as const) {
    const done = await world.runJob(stream, job);
    if (done.kind === 'failed') violations.push(`${view.name}: at rest, ${job} failed: ${done.message}`);
  }
  const before = reader.counts.rows;
  for (const window of Object.keys(view.windowsMs)) {
    const covered = await answerAtRest(reader, { window, limit: 5_000 });
    if (covered === null || !includes(covered, upTo(ledger.ends())))
      violations.push(`${view.name}, ${window}: at rest, the answer does not cover all that was acknowledged`);
  }
  return {
    view: view.name,
    sent: ledger.size(),
    poison: ledger.poison().length,
    inDoubt: stream.inDoubt(),
    covered: reader.lastCovered,
    rows: reader.counts.rows - before,
    generations: reader.lastGeneration,
  };
}

/** All is calm, but the machine may be busy: what is too slow is asked again. */
async function answerAtRest(reader: Reader, query: Question): Promise<Covered | null> {
  for (const giveUpAtMs = Date.now() + PATIENCE_MS; Date.now() < giveUpAtMs; await sleep(ASK_EVERY_MS)) {
    const covered = await reader.check(query, Number.POSITIVE_INFINITY, PATIENCE_MS);
    if (covered !== null) return covered;
  }
  return null;
}

function summed(all: readonly ReaderCounts[]): ReaderCounts {
  const sum: ReaderCounts = { answers: 0, rows: 0, pages: 0, deviating: 0, unanswered: 0, expired: 0 };
  for (const counts of all) for (const name of Object.keys(sum) as (keyof ReaderCounts)[]) sum[name] += counts[name];
  return sum;
}

export function streamsEnd(streams: readonly Stream[]): Promise<unknown> {
  return Promise.allSettled(streams.map((stream) => stream.stop()));
}

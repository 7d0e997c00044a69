import { mkdtempSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import type { OnProgress } from '@bifold/cloud';
import { throughput } from '@bifold/example-throughput';
import type { BenchCloud } from './bench-cloud.ts';
import { type BifoldRun, bifoldRows, measureBifold } from './bifold.ts';
import { differences, type Expected, foldPlainly, type ResultRow } from './oracle.ts';
import { type ReadingsOf, readings } from './readings.ts';
import type { W1Profile, W1Run } from './report.ts';
import {
  type CpuProfile,
  functionStages,
  probeOption,
  stageSeconds,
  sumOfStages,
  toggleSampling,
  triggerStages,
} from './sampling.ts';
import { ensureSpark, measureSpark, type SparkSoftware, sparkRows } from './spark.ts';
import { type FilledTopic, fillTopic } from './topic.ts';

export interface W1Size {
  readonly events: number;
  readonly runs: number;
  readonly seed: number;
  /** Events in a second of event time. */
  readonly pace: number;
}

export interface W1Measured {
  readonly events: number;
  readonly pace: number;
  readonly rows: number;
  readonly runs: readonly W1Run[];
  readonly profile: W1Profile;
}

const { plan } = throughput;
/** Spark's order of adding doubles varies; ours is exact. */
const SPARK_SUM_TOLERANCE = 1e-9;
const WARM_UP_EVENTS = 1_000_000;

/** The parts that every run of W1 uses. */
interface Bench {
  readonly cloud: BenchCloud;
  readonly spark: SparkSoftware;
  readonly signal: AbortSignal;
  /** Does a step, and reports how long it took. */
  timed<T>(step: string, work: () => Promise<T>): Promise<T>;
}

/**
 * Runs in turn: which of the two comes first changes from run to run. The last run samples stacks,
 * and is not counted.
 */
export async function runW1(
  cloud: BenchCloud,
  { events, runs, seed, pace }: W1Size,
  signal: AbortSignal,
  onProgress: OnProgress,
  tell: (text: string) => void,
): Promise<W1Measured> {
  const spark = await ensureSpark(cloud.paths, onProgress);
  signal.throwIfAborted();
  await cloud.up();
  const timed = async <T>(step: string, work: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    const startedAtMs = performance.now();
    const result = await work();
    onProgress({ kind: 'done', step, ms: Math.round(performance.now() - startedAtMs) });
    return result;
  };
  const bench: Bench = { cloud, spark, signal, timed };

  // Warms up broker and database, so that the first run has no disadvantage.
  const fewer = { seed, pace, count: Math.min(events, WARM_UP_EVENTS) };
  const warmUp = await filled(bench, fewer);
  await timed('warm-up of the services, not counted', () =>
    runBifold(cloud, warmUp, foldPlainly(readings(fewer)), signal, null),
  );

  const done: W1Run[] = [];
  let rows = 0;
  for (let run = 0; run < runs; run++) {
    const measured = await runBoth(bench, { seed: seed + 1_000 * run, pace, count: events }, run % 2 === 0);
    rows = measured.rows;
    done.push(measured.run);
    const { bifold, spark: theirs } = measured.run;
    const rate = (seconds: number) => Math.round(events / seconds).toLocaleString('en');
    tell(
      `run ${run + 1} of ${runs}: Bifold ${rate(bifold.seconds)}/s, ` +
        `Spark ${rate(theirs.first.seconds)}/s, warm ${rate(theirs.warm.seconds)}/s; both right`,
    );
  }
  return { events, pace, rows, runs: done, profile: await sampledRun(bench, { seed, pace, count: events }) };
}

function filled({ cloud, signal, timed }: Bench, of: ReadingsOf): Promise<FilledTopic> {
  return timed(`${of.count.toLocaleString('en')} events into a fresh topic`, () =>
    fillTopic(cloud.addresses.kafka.brokersInternal, plan.topic, of, signal),
  );
}

/** Bifold and Spark over one topic, one after the other. */
async function runBoth(
  bench: Bench,
  of: ReadingsOf,
  isBifoldFirst: boolean,
): Promise<{ readonly run: W1Run; readonly rows: number }> {
  const { cloud, spark, signal, timed } = bench;
  const topic = await filled(bench, of);
  const expected = foldPlainly(readings(of));
  const loadBefore = loadavg()[0] ?? Number.NaN;
  const ours = async () => {
    const { run } = await timed('Bifold, with its deployment', () => runBifold(cloud, topic, expected, signal, null));
    return run;
  };
  const theirs = () =>
    timed('Spark, two passes', async () => {
      const measured = await measureSpark(cloud, spark, plan.topic, signal);
      for (const [pass, found] of Object.entries(await sparkRows(cloud.addresses)))
        assertRight(`Spark (${pass})`, expected, found, SPARK_SUM_TOLERANCE);
      return measured;
    });
  const both = isBifoldFirst
    ? { bifold: await ours(), spark: await theirs() }
    : { spark: await theirs(), bifold: await ours() };
  return { run: { ...both, loadBefore }, rows: expected.size };
}

/** A run of Bifold whose processes sample their stacks. */
async function sampledRun(bench: Bench, of: ReadingsOf): Promise<W1Profile> {
  const { cloud, signal, timed } = bench;
  const topic = await filled(bench, of);
  const expected = foldPlainly(readings(of));
  const into = mkdtempSync(join(cloud.paths.tmpDir, 'samples-'));
  const { run, profiles } = await timed('Bifold, sampled', () => runBifold(cloud, topic, expected, signal, into));
  const isTrigger = (profile: CpuProfile) =>
    profile.nodes.some(({ callFrame }) => callFrame.url.includes('trigger/src/poller/'));
  const triggers = [...profiles.values()].filter(isTrigger);
  const functions = [...profiles.values()].filter((profile) => !isTrigger(profile));
  return {
    seconds: run.seconds,
    trigger: sumOfStages(triggers.map((profile) => stageSeconds(profile, triggerStages))),
    functions: sumOfStages(functions.map((profile) => stageSeconds(profile, functionStages))),
  };
}

async function runBifold(
  cloud: BenchCloud,
  topic: FilledTopic,
  expected: Expected,
  signal: AbortSignal,
  samplesInto: string | null,
): Promise<{ readonly run: BifoldRun; readonly profiles: ReadonlyMap<number, CpuProfile> }> {
  const nodeOptions = samplesInto === null ? '' : probeOption(samplesInto);
  const deployment = await cloud.deploy(plan, topic.id, nodeOptions);
  const deployed = { plan, scope: { version: plan.version, topicId: topic.id } };
  await cloud.warmUp(deployment);
  const run = await measureBifold(cloud, deployed, topic.ends, signal, nodeOptions, async () => {
    if (samplesInto !== null) await toggleSampling(samplesInto, false);
  });
  const profiles = samplesInto === null ? new Map<number, CpuProfile>() : await toggleSampling(samplesInto, true);
  await cloud.stopTrigger();
  assertRight('Bifold', expected, await bifoldRows(cloud, deployed, topic.ends), 0);
  return { run, profiles };
}

function assertRight(who: string, expected: Expected, found: Iterable<ResultRow>, sumTolerance: number): void {
  const wrong = differences(expected, found, sumTolerance);
  if (wrong.length > 0) throw new Error(`the result of ${who} is wrong:\n  ${wrong.join('\n  ')}`);
}

/** Our side of W1: through the Kafka trigger and the Lambda API into Cassandra. */
import { speedStore } from '@bifold/adapters/cassandra';
import {
  type Plan,
  rowAlgebrasOf,
  rowId,
  type Scope,
  type SpeedStore,
  type States,
  segmentEnd,
  segmentOf,
  segmentStart,
} from '@bifold/core/engine';
import type { BenchCloud } from './bench-cloud.ts';
import type { ResultRow } from './oracle.ts';
import { type ProcessorSeconds, processorSeconds, spent } from './processor-time.ts';
import type { EndOffsets } from './topic.ts';

export interface BifoldRun {
  /**
   * The time from the first poll until progress covers every end offset. Then every window is
   * readable.
   */
  readonly seconds: number;
  readonly invocations: number;
  readonly failures: number;
  /**
   * The trigger's own times, in seconds; invocations run side by side, so `invoke` may exceed the
   * whole.
   */
  readonly triggerSeconds: Readonly<Record<string, number>>;
  readonly processorSeconds: ProcessorSeconds;
}

export interface Deployed {
  readonly plan: Plan;
  readonly scope: Scope;
}

const LOOK_EVERY_MS = 10;

/** Runs the mapping that was deployed to the end of the topic. The trigger must not run yet. */
export async function measureBifold(
  cloud: BenchCloud,
  { plan, scope }: Deployed,
  ends: EndOffsets,
  signal: AbortSignal,
  nodeOptions: string,
  onPolling: () => Promise<void>,
): Promise<BifoldRun> {
  const store = speedStore(await cloud.cassandra(), scope, plan.storage);
  const before = processorSeconds(cloud.paths.stateDir);
  await cloud.startTrigger(nodeOptions);
  await onPolling();
  const assigned = async () => (await cloud.mappings()).some(({ assignments }) => assignments > 0);
  while (!(await assigned())) await pause(signal, 2);
  const startedAtMs = performance.now();
  // The trigger's counter costs nothing to read; the database, which has the last word, is asked
  // when it may say yes.
  const events = Array.from(ends.values()).reduce((sum, end) => sum + end, 0);
  const invoked = async () => (await cloud.mappings()).reduce((sum, { recordsInvoked }) => sum + recordsInvoked, 0);
  while ((await invoked()) < events) await pause(signal, LOOK_EVERY_MS);
  while (!(await isComplete(store, plan, ends))) await pause(signal, LOOK_EVERY_MS);
  const seconds = (performance.now() - startedAtMs) / 1000;
  const processors = spent(before, processorSeconds(cloud.paths.stateDir));
  const [shown] = await cloud.mappings();
  return {
    seconds,
    invocations: shown?.invocations ?? 0,
    failures: shown?.failures ?? 0,
    triggerSeconds: Object.fromEntries(Object.entries(shown?.stageMs ?? {}).map(([name, ms]) => [name, ms / 1000])),
    processorSeconds: processors,
  };
}

async function pause(signal: AbortSignal, ms: number): Promise<void> {
  signal.throwIfAborted();
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Reads only the last segment of each partition, because a segment begins when the previous one is
 * complete.
 */
async function isComplete(store: SpeedStore, { storage }: Plan, ends: EndOffsets): Promise<boolean> {
  const reached = await Promise.all(
    Array.from(ends, async ([partition, end]) => {
      if (end === 0) return true;
      const segment = segmentOf(end - 1, storage.segmentSize);
      return (await store.readProgress(partition, segment, segment + 1)).get(segment) === end;
    }),
  );
  return reached.every(Boolean);
}

/**
 * The rows of the view as a reader merges them: fragments of every segment that progress vouches
 * for. @throws when progress has a gap
 */
export async function bifoldRows(
  cloud: BenchCloud,
  { plan, scope }: Deployed,
  ends: EndOffsets,
): Promise<readonly ResultRow[]> {
  const store = speedStore(await cloud.cassandra(), scope, plan.storage);
  const { view } = rowAlgebrasOf(plan);
  const merged = new Map<string, { key: string; startMs: number; states: States }>();
  for (const [partition, end] of ends) {
    const progress = await store.readProgress(partition, 0, null);
    for (let segment = 0; segmentStart(segment, plan.storage.segmentSize) < end; segment++) {
      const complete = Math.min(end, segmentEnd(segment, plan.storage.segmentSize));
      if (progress.get(segment) !== complete)
        throw new Error(
          `partition ${partition}, segment ${segment}: progress is ${progress.get(segment)}, not ${complete}`,
        );
      for (const { key, window, startMs, cell } of await store.readSegment(partition, segment)) {
        const { states } = view.decodeFragment(cell);
        const id = rowId(window, startMs, key);
        const known = merged.get(id);
        if (known === undefined) merged.set(id, { key, startMs, states });
        else known.states = view.merge(known.states, states);
      }
    }
  }
  return Array.from(merged.values(), ({ key, startMs, states }) => {
    const { n, s, mx } = view.present(states);
    return {
      key: (JSON.parse(key) as [string])[0],
      startMs,
      n: Number(n ?? 0),
      s: Number(s ?? 0),
      mx: Number(mx ?? 0),
    };
  });
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Log, LogRecord } from '@bifold/core/engine';

const READ_BYTES = 1024 * 1024;
const POLL_MS = 150;
const NEW_PARTITIONS_EVERY_MS = 5_000;

export interface Reading {
  readonly log: Log;
  /** Per partition, the first offset to read. */
  readonly starts: ReadonlyMap<number, number>;
  /** For each partition, the offset to stop at. Null follows the log, including new partitions. */
  readonly ends: ReadonlyMap<number, number> | null;
  /** Whether new partitions are read too, from their beginning. */
  readonly withNewPartitions: boolean;
  readonly signal: AbortSignal;
}

/**
 * Reads records without a consumer group, in chunks per partition and in the order of each
 * partition. It ends at `ends`, or when it is aborted.
 */
export async function* recordsOf({
  log,
  starts,
  ends,
  withNewPartitions,
  signal,
}: Reading): AsyncGenerator<readonly LogRecord[]> {
  const positions = new Map(starts);
  let lookedAtMs = performance.now();
  while (!signal.aborted) {
    const open = [...positions].filter(([partition, at]) => ends === null || at < (ends.get(partition) ?? 0));
    if (ends !== null && open.length === 0) return;
    const slices = await Promise.all(
      open.map(async ([partition, at]) => {
        const { records, end } = await log.read(
          partition,
          at,
          ends?.get(partition) ?? Number.MAX_SAFE_INTEGER,
          READ_BYTES,
        );
        positions.set(partition, end);
        return { records, hasMoved: end > at };
      }),
    );
    const records = slices.flatMap((slice) => slice.records);
    if (records.length > 0) yield records;
    else if (!slices.some(({ hasMoved }) => hasMoved)) await sleep(POLL_MS, undefined, { signal }).catch(() => {});
    if (ends === null && withNewPartitions && performance.now() - lookedAtMs > NEW_PARTITIONS_EVERY_MS) {
      lookedAtMs = performance.now();
      for (const partition of await log.partitions()) if (!positions.has(partition)) positions.set(partition, 0);
    }
  }
}

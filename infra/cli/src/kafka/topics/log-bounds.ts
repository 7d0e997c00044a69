import { type Coverage, type Log, type Range, sizeOf } from '@bifold/core/engine';

/** The first offset of each partition, and the end of its log. */
export type LogBounds = ReadonlyMap<number, { readonly start: number; readonly end: number }>;

export async function boundsOf(log: Log, partitions: readonly number[]): Promise<LogBounds> {
  return new Map(
    await Promise.all(partitions.map(async (partition) => [partition, await log.bounds(partition)] as const)),
  );
}

/** Offsets below the log's end that a coverage lacks. */
export function lagOf(bounds: LogBounds, coverage: Coverage): number {
  let lag = 0;
  for (const [partition, { end }] of bounds) {
    const below = (coverage[partition] ?? []).map(([from, to]): Range => [Math.min(from, end), Math.min(to, end)]);
    lag += end - sizeOf(below);
  }
  return lag;
}

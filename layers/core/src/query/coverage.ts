import { partitionPoint } from '../search.ts';

/** A half-open range `[start, end)` of offsets. */
export type Range = readonly [start: number, end: number];

/**
 * The offsets that an answer covers: per partition, disjoint ranges in ascending order. A partition
 * that is not listed is not covered at all.
 */
export type Coverage = Readonly<Record<string, readonly Range[]>>;

/** Merges ranges that overlap or touch, removes empty ones, and sorts the rest. */
export function normalRanges(ranges: readonly Range[]): readonly Range[] {
  const sorted = ranges.filter(([start, end]) => end > start).toSorted((left, right) => left[0] - right[0]);
  const merged: [number, number][] = [];
  for (const [start, end] of sorted) {
    const last = merged.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([start, end]);
  }
  return merged;
}

/** The ranges without `[start, end)`. */
export function withoutRange(ranges: readonly Range[], [start, end]: Range): readonly Range[] {
  return normalRanges(
    ranges.flatMap(([from, to]): Range[] => [
      [from, Math.min(to, start)],
      [Math.max(from, end), to],
    ]),
  );
}

/**
 * The offsets below the last covered one that are not covered. Receipts list them, so that missing
 * data is never mistaken for a low count.
 */
export function gapsOf(ranges: readonly Range[]): readonly Range[] {
  const gaps: Range[] = [];
  let reached = 0;
  for (const [start, end] of ranges) {
    if (start > reached) gaps.push([reached, start]);
    reached = end;
  }
  return gaps;
}

export function covers(ranges: readonly Range[], offset: number): boolean {
  const range = ranges[partitionPoint(ranges.length, (index) => (ranges[index] as Range)[1] <= offset)];
  return range !== undefined && range[0] <= offset;
}

/** The number of offsets, including holes. */
export function sizeOf(ranges: readonly Range[]): number {
  return ranges.reduce((total, [start, end]) => total + end - start, 0);
}

/** True when `left` covers every offset that `right` covers. */
export function coversAll(left: Coverage, right: Coverage): boolean {
  return Object.keys(missingOf(left, right)).length === 0;
}

/** The offsets that `right` covers and `left` does not. */
export function missingOf(left: Coverage, right: Coverage): Coverage {
  const missing = Object.entries(right).map(
    ([partition, ranges]) => [partition, (left[partition] ?? []).reduce(withoutRange, normalRanges(ranges))] as const,
  );
  return Object.fromEntries(missing.filter(([, ranges]) => ranges.length > 0));
}

/** The offsets that any of these covers. */
export function unionOf(coverages: readonly Coverage[]): Coverage {
  const ranges: Record<string, readonly Range[]> = {};
  for (const coverage of coverages)
    for (const [partition, covered] of Object.entries(coverage))
      ranges[partition] = normalRanges([...(ranges[partition] ?? []), ...covered]);
  return ranges;
}

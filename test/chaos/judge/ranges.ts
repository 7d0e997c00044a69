/** Half-open ranges of offsets by partition, as receipts write them. */
export type Ranges = readonly (readonly [start: number, end: number])[];
export type Covered = Readonly<Record<string, Ranges>>;

export interface CoverageDelta {
  readonly partition: number;
  readonly range: readonly [number, number];
}

export function contains(covered: Covered, partition: number, offset: number): boolean {
  return (covered[partition] ?? []).some(([start, end]) => start <= offset && offset < end);
}

/**
 * Whether `covered` holds all of `wanted`; ranges of a partition are disjoint, ascending and do not
 * touch.
 */
export function includes(covered: Covered, wanted: Covered): boolean {
  return Object.entries(wanted).every(([partition, ranges]) =>
    ranges.every(([start, end]) => (covered[partition] ?? []).some(([from, to]) => from <= start && end <= to)),
  );
}

/** Everything from offset 0 up to these ends. */
export function upTo(ends: readonly number[]): Covered {
  return Object.fromEntries(ends.flatMap((end, partition) => (end > 0 ? [[partition, [[0, end]]]] : [])));
}

export function union(left: Covered, right: Covered): Covered {
  const partitions = new Set([...Object.keys(left), ...Object.keys(right)]);
  return Object.fromEntries(
    [...partitions].map((partition) => [partition, merged([...(left[partition] ?? []), ...(right[partition] ?? [])])]),
  );
}

function merged(ranges: Ranges): Ranges {
  const joined: [number, number][] = [];
  for (const [start, end] of ranges.toSorted((left, right) => left[0] - right[0])) {
    const last = joined.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else joined.push([start, end]);
  }
  return joined;
}

export function sizeOf(covered: Covered): number {
  return Object.values(covered)
    .flat()
    .reduce((sum, [start, end]) => sum + end - start, 0);
}

/** Below the last covered offset of each partition, what is not covered. */
export function gapsIn(covered: Covered): Covered {
  const gaps = Object.entries(covered).map(([partition, ranges]): [string, Ranges] => [
    partition,
    ranges.flatMap(([start], index): [number, number][] => {
      const reached = ranges[index - 1]?.[1] ?? 0;
      return reached < start ? [[reached, start]] : [];
    }),
  ]);
  return Object.fromEntries(gaps.filter(([, ranges]) => ranges.length > 0));
}

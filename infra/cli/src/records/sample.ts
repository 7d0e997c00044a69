import { createHash } from 'node:crypto';
import type { Pipeline } from '@bifold/core';
import {
  type Coverage,
  foldOf,
  type LogRecord,
  normalRanges,
  type Range,
  type ResolvedSources,
  type ResolveLookup,
  sizeOf,
} from '@bifold/core/engine';

/**
 * The limit of rounds. Holes, poison and repeated keys yield no new key, so several rounds are
 * needed.
 */
const ROUNDS_MAX = 8;

/**
 * Draws keys of a view: the keys of records at random offsets. A key with more records is more
 * likely. The same seed over the same offsets draws the same keys.
 */
export async function drawKeys(
  pipeline: Pipeline,
  size: number,
  seed: string,
  located: ResolvedSources,
  read: (some: ResolvedSources) => AsyncIterable<LogRecord>,
  lookups: (partition: number, offset: number) => ResolveLookup,
): Promise<readonly string[]> {
  const places = placesOf(located);
  const total = places.reduce((sum, { range }) => sum + sizeOf([range]), 0);
  // The key of a pair comes from two records, so a single record is not enough.
  if (pipeline.plan.relay?.join !== undefined) return [];
  const fold = foldOf(pipeline);
  const keys = new Set<string>();
  for (let round = 0, drawn = 0; round < ROUNDS_MAX && keys.size < size && total > 0; round++) {
    const draws = Array.from({ length: 2 * size }, () => placeAt(places, drawNumber(seed, drawn++, total)));
    const found = new Map<string, readonly string[]>();
    for await (const { partition, offset, value, headers } of read(someOf(draws))) {
      const decoded = fold.decode(value, headers);
      const events = decoded.kind === 'poison' ? [] : fold.enrich(decoded.values, lookups(partition, offset));
      found.set(`${partition}/${offset}`, events.map(fold.keyOf));
    }
    for (const { partition, offset } of draws) {
      for (const key of found.get(`${partition}/${offset}`) ?? []) if (keys.size < size) keys.add(key);
    }
  }
  return [...keys];
}

interface Place {
  readonly from: 'log' | 'archive';
  readonly partition: number;
  readonly range: Range;
}

function placesOf({ log, archive }: ResolvedSources): readonly Place[] {
  const of = (from: Place['from'], coverage: Coverage): Place[] =>
    Object.entries(coverage).flatMap(([name, ranges]) =>
      ranges.map((range): Place => ({ from, partition: Number(name), range })),
    );
  // Sort by position, so that the draw does not depend on where an offset is stored.
  return [...of('log', log), ...of('archive', archive)].sort(
    (left, right) => left.partition - right.partition || left.range[0] - right.range[0],
  );
}

/** The random whole number in `[0, below)` at an index of the sequence of the seed. */
function drawNumber(seed: string, index: number, below: number): number {
  return createHash('sha256').update(`${seed}/${index}`).digest().readUIntBE(0, 6) % below;
}

interface Draw {
  readonly from: Place['from'];
  readonly partition: number;
  readonly offset: number;
}

function placeAt(places: readonly Place[], index: number): Draw {
  let left = index;
  for (const { from, partition, range } of places) {
    const size = sizeOf([range]);
    if (left < size) return { from, partition, offset: range[0] + left };
    left -= size;
  }
  throw new RangeError(`no place ${index}`);
}

function someOf(draws: readonly Draw[]): ResolvedSources {
  const of = (wanted: Place['from']): Coverage => {
    const ranges: Record<string, Range[]> = {};
    for (const { from, partition, offset } of draws) {
      if (from === wanted) ranges[partition] = [...(ranges[partition] ?? []), [offset, offset + 1]];
    }
    return Object.fromEntries(Object.entries(ranges).map(([partition, some]) => [partition, normalRanges(some)]));
  };
  return { log: of('log'), archive: of('archive'), missing: {} };
}

import type { AggregateDomain } from '../../plan/aggregate.ts';
import type { Algebra } from '../algebra.ts';
import type { AggregateDescriptor } from '../descriptor.ts';
import { LENGTH } from '../parameters.ts';
import {
  compareEventPositions,
  comparePositionedValues,
  type EventPosition,
  type PositionedValue,
  type Present,
  readEventPosition,
  readPositionedValue,
  sizeOfPresent,
  writeEventPosition,
  writePositionedValue,
} from '../positioned-value.ts';
import { formatValue } from '../result.ts';

/**
 * The first values in the order of their events. Whole events are kept, and one event may have
 * several values. The list ends once it has `n` values, or once the next event would exceed the
 * size limit. In the second case `full` is the position of that event, and nothing from it on is
 * kept.
 *
 * The result does not depend on grouping: an event that one part of the log excludes has `n`
 * values, or too many bytes, before it. The same holds in every larger part.
 */
interface Collected {
  readonly kept: readonly PositionedValue[];
  readonly full: EventPosition | null;
}

const SIZE_BYTES_MAX = 65_536;
/** The size of a kept value in addition to its own bytes. */
const PLACE_SIZE_BYTES = 24;

/** The first `n` values by event time, then by log position. Null if they take more than 64 KiB. */
function firstValues(
  n: number,
  domain: AggregateDomain,
): Algebra<Collected, readonly Present[] | null, PositionedValue> {
  const empty: Collected = { kept: [], full: null };
  const merge = (left: Collected, right: Collected): Collected => {
    return bounded(n, inOrder(left.kept, right.kept), earlier(left.full, right.full));
  };
  const lift = (observation: PositionedValue): Collected => bounded(n, [observation], null);
  return {
    empty,
    lift,
    add: (state, observation) => {
      const last = state.kept.at(-1);
      const isBehind = state.kept.length >= n && last !== undefined && compareEventPositions(observation, last) > 0;
      return isBehind ? state : merge(state, lift(observation));
    },
    merge,
    present: ({ kept, full }) =>
      full === null ? kept.slice(0, n).map(({ value }) => formatValue(domain, value)) : null,
    encode: ({ kept, full }, writer) => {
      writer.unsigned(kept.length);
      for (const observation of kept) writePositionedValue(observation, writer);
      writer.byte(full === null ? 0 : 1);
      if (full !== null) writeEventPosition(full, writer);
    },
    decode: (reader) => {
      const kept: PositionedValue[] = [];
      for (let left = reader.unsigned(); left > 0; left--) kept.push(readPositionedValue(reader));
      return { kept, full: reader.byte() === 0 ? null : readEventPosition(reader) };
    },
  };
}

/** The values that are kept of a sorted list: those before `full`. */
function bounded(n: number, sorted: readonly PositionedValue[], full: EventPosition | null): Collected {
  let sizeBytes = 0;
  let end = 0;
  while (end < sorted.length && end < n) {
    const event = sorted[end] as PositionedValue;
    if (full !== null && compareEventPositions(event, full) >= 0) break;
    let next = end;
    for (; next < sorted.length && compareEventPositions(sorted[next] as PositionedValue, event) === 0; next++)
      sizeBytes += sizeOf((sorted[next] as PositionedValue).value);
    if (sizeBytes > SIZE_BYTES_MAX) {
      const { timeMs, partition, offset } = event;
      return { kept: sorted.slice(0, end), full: { timeMs, partition, offset } };
    }
    end = next;
  }
  return { kept: sorted.slice(0, end), full: end >= n ? null : full };
}

function sizeOf(value: Present): number {
  return PLACE_SIZE_BYTES + sizeOfPresent(value);
}

function earlier(left: EventPosition | null, right: EventPosition | null): EventPosition | null {
  return left === null || right === null ? (left ?? right) : compareEventPositions(left, right) <= 0 ? left : right;
}

/** Merges two sorted lists. */
function inOrder(left: readonly PositionedValue[], right: readonly PositionedValue[]): readonly PositionedValue[] {
  const merged: PositionedValue[] = [];
  let next = 0;
  for (const observation of left) {
    while (next < right.length && comparePositionedValues(right[next] as PositionedValue, observation) < 0)
      merged.push(right[next++] as PositionedValue);
    merged.push(observation);
  }
  return [...merged, ...right.slice(next)];
}

export const collect: AggregateDescriptor<'collect'> = {
  kind: 'collect',
  input: 'scalars',
  usesPosition: true,
  parameter: LENGTH,
  output: () => 'json',
  algebra: ({ parameter, domain }) => firstValues(parameter, domain),
};

import type { Frequent } from '../../definition/aggregates/aggregate.ts';
import type { AggregateDomain } from '../../plan/aggregate.ts';
import type { Algebra } from '../algebra.ts';
import type { AggregateDescriptor } from '../descriptor.ts';
import { LENGTH } from '../parameters.ts';
import {
  comparatorOf,
  comparePresent,
  type Present,
  readValue,
  sizeOfPresent,
  writeValue,
} from '../positioned-value.ts';
import { formatValue } from '../result.ts';
import { countAlgebra } from './count.ts';

/** The count of each value, and the size of all values; null if there is no value. */
type Counted = Counts | 'too many' | null;
interface Counts {
  readonly counts: Map<Present, number>;
  sizeBytes: number;
}

const VALUES_MAX = 4096;
/** The limit of the size of all texts in UTF-8. Other values count as eight bytes. */
const SIZE_BYTES_MAX = 65_536;

/**
 * The most frequent values with their counts, exact. Equally frequent values are ordered by value.
 * It counts every value, up to 4,096 different ones or 64 KiB of them; beyond that the result is
 * null.
 *
 * Values are never dropped. A part that exceeds the limit makes every larger part exceed it, so the
 * result does not depend on grouping.
 */
function mostFrequent(
  k: number,
  domain: AggregateDomain,
): Algebra<Counted, readonly Frequent<Present>[] | null, Present> {
  const compare = comparatorOf(domain);
  const merge = (left: Counted, right: Counted): Counted => {
    if (left === null || right === null) return left ?? right;
    if (left === 'too many' || right === 'too many') return 'too many';
    const [larger, smaller] = left.counts.size < right.counts.size ? [right, left] : [left, right];
    let merged: Counted = { counts: new Map(larger.counts), sizeBytes: larger.sizeBytes };
    for (const [value, times] of smaller.counts) merged = increased(merged, value, times);
    return merged;
  };
  const lift = (value: Present): Counted => increased(null, value, 1);
  return {
    empty: null,
    lift,
    add: (state, value) => merge(state, lift(value)),
    addOwned: (state, value) => increased(state, value, 1),
    merge,
    present: (state) =>
      state === 'too many'
        ? null
        : [...(state?.counts ?? [])]
            .sort(([one, ones], [other, others]) => others - ones || compare(one, other))
            .slice(0, k)
            .map(([value, times]) => ({ value: formatValue(domain, value), count: times })),
    encode: (state, writer) => {
      writer.byte(state === 'too many' ? 0 : 1);
      if (state === 'too many') return;
      const counts = [...(state?.counts ?? [])];
      writer.unsigned(counts.length);
      for (const [value, times] of counts.sort(([one], [other]) => comparePresent(one, other))) {
        writeValue(value, writer);
        countAlgebra.encode(times, writer);
      }
    },
    decode: (reader) => {
      if (reader.byte() === 0) return 'too many';
      let state: Counted = null;
      for (let left = reader.unsigned(); left > 0; left--) {
        const value = readValue(reader);
        state = increased(state, value, countAlgebra.decode(reader));
      }
      return state;
    },
  };
}

/** Counts a value in place. */
function increased(state: Counted, value: Present, times: number): Counted {
  if (state === 'too many') return state;
  const counted = state ?? { counts: new Map<Present, number>(), sizeBytes: 0 };
  const known = counted.counts.get(value);
  if (known === undefined) {
    counted.sizeBytes += sizeOfPresent(value);
    if (counted.counts.size === VALUES_MAX || counted.sizeBytes > SIZE_BYTES_MAX) return 'too many';
  }
  counted.counts.set(value, (known ?? 0) + times);
  return counted;
}

export const topK: AggregateDescriptor<'topK'> = {
  kind: 'topK',
  input: 'scalars',
  parameter: LENGTH,
  output: () => 'json',
  algebra: ({ parameter, domain }) => mostFrequent(parameter, domain),
};

import type { Algebra } from '../algebra.ts';
import type { AggregateDescriptor } from '../descriptor.ts';
import { countAlgebra } from './count.ts';

/** The count of each bucket, by its index; null if there is no value. */
type Sketch = Map<number, number> | null;

/**
 * Each power of two has 2^7 = 128 buckets of equal width. So the middle of a bucket is at most 0.4
 * % off.
 */
const BUCKETS_PER_OCTAVE_BITS = 7n;
/** Half the width of a bucket at the start of its power of two. */
const RELATIVE_ERROR_MAX = 2 ** -(Number(BUCKETS_PER_OCTAVE_BITS) + 1);

const scratch = new DataView(new ArrayBuffer(8));

/**
 * The bucket of a number: the upper bits of its IEEE-754 form, which grow with the magnitude.
 * Negative numbers mirror positive ones, and zero is in the middle. It uses only whole numbers and
 * shifts, because logarithms differ between machines.
 */
function bucketOf(value: number): number {
  if (value === 0) return 0;
  scratch.setFloat64(0, Math.abs(value));
  const index = Number(scratch.getBigUint64(0) >> (52n - BUCKETS_PER_OCTAVE_BITS)) + 1;
  return value < 0 ? -index : index;
}

/** The middle of a bucket. */
function middleOf(bucket: number): number {
  if (bucket === 0) return 0;
  const bits = BigInt(Math.abs(bucket) - 1);
  scratch.setBigUint64(0, bits << (52n - BUCKETS_PER_OCTAVE_BITS));
  const low = scratch.getFloat64(0);
  scratch.setBigUint64(0, (bits + 1n) << (52n - BUCKETS_PER_OCTAVE_BITS));
  const high = scratch.getFloat64(0);
  const middle = Number.isFinite(high) ? low + (high - low) / 2 : low;
  return bucket < 0 ? -middle : middle;
}

/**
 * A quantile from counts in buckets whose width grows with the magnitude, as in HdrHistogram. The
 * result is at most 0.4 % off the value at rank `floor(q * (n - 1))`, for any distribution (the
 * guarantee of DDSketch: Masson and others, 2019). This holds down to the smallest normal double,
 * 2.2e-308.
 *
 * A bucket takes a few bytes. Values over ten powers of ten fill about 4,300 buckets.
 */
export function quantileOf(q: number): Algebra<Sketch, number | null> {
  return {
    empty: null,
    lift: (value) => new Map([[bucketOf(value), 1]]),
    add: (state, value) => increased(new Map(state), bucketOf(value), 1),
    addOwned: (state, value) => increased(state ?? new Map(), bucketOf(value), 1),
    merge: (left, right) => {
      if (left === null || right === null) return left ?? right;
      const merged = new Map(left);
      for (const [bucket, numbers] of right) increased(merged, bucket, numbers);
      return merged;
    },
    present: (state) => {
      if (state === null) return null;
      let total = 0;
      for (const numbers of state.values()) total += numbers;
      let before = Math.floor(q * (total - 1));
      for (const [bucket, numbers] of sorted(state)) {
        if (before < numbers) return middleOf(bucket);
        before -= numbers;
      }
      return null;
    },
    boundOf: (state) => (state === null ? null : { relative: RELATIVE_ERROR_MAX, kind: 'maximum' }),
    encode: (state, writer) => {
      writer.unsigned(state?.size ?? 0);
      for (const [bucket, numbers] of sorted(state)) {
        writer.unsigned(bucket < 0 ? -2 * bucket - 1 : 2 * bucket);
        countAlgebra.encode(numbers, writer);
      }
    },
    decode: (reader) => {
      const state = new Map<number, number>();
      for (let left = reader.unsigned(); left > 0; left--) {
        const code = reader.unsigned();
        state.set(code % 2 === 1 ? -(code + 1) / 2 : code / 2, countAlgebra.decode(reader));
      }
      return state.size === 0 ? null : state;
    },
  };
}

function increased(counts: Map<number, number>, bucket: number, numbers: number): Map<number, number> {
  return counts.set(bucket, (counts.get(bucket) ?? 0) + numbers);
}

function sorted(state: Sketch): readonly (readonly [bucket: number, numbers: number])[] {
  return [...(state ?? [])].sort(([left], [right]) => left - right);
}

export const quantile: AggregateDescriptor<'quantile'> = {
  kind: 'quantile',
  input: 'numbers',
  parameter: {
    allowed: "quantile('field', 0.95) with a rank from 0 to 1",
    isAllowed: (rank) => typeof rank === 'number' && rank >= 0 && rank <= 1,
  },
  output: () => 'double',
  algebra: ({ parameter }) => quantileOf(parameter),
};

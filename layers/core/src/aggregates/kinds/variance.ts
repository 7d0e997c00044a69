import type { Algebra } from '../algebra.ts';
import type { AggregateDescriptor } from '../descriptor.ts';
import {
  type Dyadic,
  dyadicOf,
  minus,
  plus,
  quotient,
  readDyadic,
  times,
  writeDyadic,
  ZERO,
} from '../numeric/dyadic.ts';
import { countAlgebra } from './count.ts';

/**
 * The count of numbers, their exact sum, and the exact sum of their squares. A variance needs no
 * more, and none of them depends on order.
 */
interface Moments {
  readonly count: number;
  readonly sum: Dyadic;
  readonly squares: Dyadic;
}

function lift(value: number): Moments {
  const sum = dyadicOf(value);
  return { count: 1, sum, squares: times(sum, sum) };
}

function merge(left: Moments, right: Moments): Moments {
  return {
    count: left.count + right.count,
    sum: plus(left.sum, right.sum),
    squares: plus(left.squares, right.squares),
  };
}

/** `(n * squares - sum^2) / (n * (n - less))`, rounded once. */
function spread({ count: n, sum, squares }: Moments, less: number): number | null {
  if (n <= less) return null;
  const scaled = times({ mantissa: BigInt(n), exponent: 0 }, squares);
  return quotient(minus(scaled, times(sum, sum)), BigInt(n) * BigInt(n - less));
}

function moments(present: (state: Moments) => number | null): Algebra<Moments, number | null> {
  return {
    empty: { count: 0, sum: ZERO, squares: ZERO },
    lift,
    add: (state, value) => merge(state, lift(value)),
    merge,
    present,
    encode: (state, writer) => {
      countAlgebra.encode(state.count, writer);
      writeDyadic(state.sum, writer);
      writeDyadic(state.squares, writer);
    },
    decode: (reader) => ({ count: countAlgebra.decode(reader), sum: readDyadic(reader), squares: readDyadic(reader) }),
  };
}

const sampleVariance = moments((state) => spread(state, 1));
const sampleDeviation = moments((state) => {
  const squared = spread(state, 1);
  return squared === null ? null : Math.sqrt(squared);
});

/** The variance of a sample, from exact sums and rounded once; null of fewer than two. */
export const variance: AggregateDescriptor<'variance'> = {
  kind: 'variance',
  input: 'numbers',
  output: () => 'double',
  algebra: () => sampleVariance,
};

/** The square root of the variance of a sample. */
export const stddev: AggregateDescriptor<'stddev'> = {
  kind: 'stddev',
  input: 'numbers',
  output: () => 'double',
  algebra: () => sampleDeviation,
};

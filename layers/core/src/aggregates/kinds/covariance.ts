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
import { ratio } from '../numeric/exact.ts';
import type { PositionedValue } from '../positioned-value.ts';
import { countAlgebra } from './count.ts';

/**
 * The number of pairs, and exact sums of their numbers, squares and products. None of them depends
 * on order.
 */
interface Pairs {
  readonly count: number;
  readonly sums: readonly Dyadic[];
}

/** A covariance keeps the sums of x, y and x * y; a correlation also keeps those of the squares. */
function pairs(sums: 3 | 5, present: (state: Pairs) => number | null): Algebra<Pairs, number | null, PositionedValue> {
  const lift = ({ value, second }: PositionedValue): Pairs => {
    const [x, y] = [dyadicOf(value as number), dyadicOf(second as number)];
    return { count: 1, sums: [x, y, times(x, y), times(x, x), times(y, y)].slice(0, sums) };
  };
  const merge = (left: Pairs, right: Pairs): Pairs => ({
    count: left.count + right.count,
    sums: left.sums.map((sum, index) => plus(sum, right.sums[index] as Dyadic)),
  });
  return {
    empty: { count: 0, sums: Array(sums).fill(ZERO) },
    lift,
    add: (state, pair) => merge(state, lift(pair)),
    merge,
    present,
    encode: (state, writer) => {
      countAlgebra.encode(state.count, writer);
      for (const sum of state.sums) writeDyadic(sum, writer);
    },
    decode: (reader) => ({
      count: countAlgebra.decode(reader),
      sums: Array.from({ length: sums }, () => readDyadic(reader)),
    }),
  };
}

/** `n * sum(x * y) - sum(x) * sum(y)`, exact. */
function joint(n: number, x: Dyadic, y: Dyadic, products: Dyadic): Dyadic {
  return minus(times({ mantissa: BigInt(n), exponent: 0 }, products), times(x, y));
}

/**
 * The covariance of a sample of pairs, from exact sums and rounded once; null of fewer than two.
 */
const sampleCovariance = pairs(3, ({ count: n, sums }) => {
  const [x, y, products] = sums as [Dyadic, Dyadic, Dyadic];
  return n < 2 ? null : quotient(joint(n, x, y, products), BigInt(n) * BigInt(n - 1));
});

/**
 * Pearson's correlation, from exact sums and rounded once; null of fewer than two, and where one
 * side never changes.
 */
export const pearson = pairs(5, ({ count: n, sums }) => {
  const [x, y, products, squaresOfX, squaresOfY] = sums as [Dyadic, Dyadic, Dyadic, Dyadic, Dyadic];
  const both = joint(n, x, y, products);
  const spreads = times(joint(n, x, x, squaresOfX), joint(n, y, y, squaresOfY));
  // This is also zero for fewer than two pairs.
  if (spreads.mantissa === 0n) return null;
  const square = times(both, both);
  const shift = BigInt(Math.abs(square.exponent - spreads.exponent));
  const magnitude =
    square.exponent >= spreads.exponent
      ? rootOfRatio(square.mantissa << shift, spreads.mantissa)
      : rootOfRatio(square.mantissa, spreads.mantissa << shift);
  return both.mantissa < 0n ? 0 - magnitude : magnitude;
});

export const covariance: AggregateDescriptor<'covariance'> = {
  kind: 'covariance',
  input: 'numbers',
  second: 'numbers',
  output: () => 'double',
  algebra: () => sampleCovariance,
};

export const correlation: AggregateDescriptor<'correlation'> = {
  kind: 'correlation',
  input: 'numbers',
  second: 'numbers',
  output: () => 'double',
  algebra: () => pearson,
};

/**
 * The number of bits of a root before rounding: more than the 53 bits of a double and one bit that
 * decides ties.
 */
const ROOT_BITS = 64;

/** The double nearest to the square root of `numerator / denominator`, which is at most 1. */
export function rootOfRatio(numerator: bigint, denominator: bigint): number {
  if (numerator === 0n) return 0;
  // Scale so that the quotient has about twice as many bits as the root needs.
  const lengths = denominator.toString(16).length - numerator.toString(16).length;
  const shift = BigInt(ROOT_BITS + Math.max(0, 2 * lengths + 2));
  const scaled = numerator << (2n * shift);
  const whole = scaled / denominator;
  const root = squareRoot(whole);
  // The remainder only decides ties, so one bit for "not zero" is enough.
  const isExact = root * root === whole && whole * denominator === scaled;
  return ratio((root << 1n) + (isExact ? 0n : 1n), 1n << (shift + 1n));
}

/** The largest whole number whose square is not above a positive one (Newton, from above). */
function squareRoot(value: bigint): bigint {
  let root = 1n << BigInt(value.toString(16).length * 2);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

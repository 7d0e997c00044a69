import type { Reader, Writer } from '../codec.ts';
import type { Algebra } from './algebra.ts';
import { count } from './count.ts';
import { addDouble, dyadic, EXACT_ZERO, ratio } from './exact.ts';

/** `mantissa * 2^exponent` with an odd mantissa, zero as 0 * 2^0: an exact number of any size, in its one form. */
interface Dyadic {
  readonly mantissa: bigint;
  readonly exponent: number;
}

/** How many numbers, their exact sum, and the exact sum of their squares: what a variance needs, and nothing that depends on order. */
interface Moments {
  readonly count: number;
  readonly sum: Dyadic;
  readonly squares: Dyadic;
}

const ZERO: Dyadic = Object.freeze({ mantissa: 0n, exponent: 0 });

function normal(mantissa: bigint, exponent: number): Dyadic {
  if (mantissa === 0n) return ZERO;
  let [odd, twos] = [mantissa, exponent];
  for (; (odd & 0xffffffffn) === 0n; twos += 32) odd >>= 32n;
  for (; (odd & 1n) === 0n; twos++) odd >>= 1n;
  return { mantissa: odd, exponent: twos };
}

function add(left: Dyadic, right: Dyadic): Dyadic {
  const exponent = Math.min(left.exponent, right.exponent);
  const shifted = ({ mantissa, exponent: own }: Dyadic): bigint => mantissa << BigInt(own - exponent);
  return normal(shifted(left) + shifted(right), exponent);
}

function times(left: Dyadic, right: Dyadic): Dyadic {
  return normal(left.mantissa * right.mantissa, left.exponent + right.exponent);
}

const dyadicOf = (value: number): Dyadic => dyadic(addDouble(EXACT_ZERO, value));

function lift(value: number): Moments {
  const sum = dyadicOf(value);
  return { count: 1, sum, squares: times(sum, sum) };
}

function merge(left: Moments, right: Moments): Moments {
  if (left.count === 0 || right.count === 0) return left.count === 0 ? right : left;
  return {
    count: left.count + right.count,
    sum: add(left.sum, right.sum),
    squares: add(left.squares, right.squares),
  };
}

/** `(n * squares - sum^2) / (n * (n - less))`, rounded once. */
function spread({ count: n, sum, squares }: Moments, less: number): number | null {
  if (n <= less) return null;
  const square = times(sum, sum);
  const scaled = times({ mantissa: BigInt(n), exponent: 0 }, squares);
  const { mantissa, exponent } = add(scaled, { mantissa: -square.mantissa, exponent: square.exponent });
  const divisor = BigInt(n) * BigInt(n - less);
  return exponent >= 0 ? ratio(mantissa << BigInt(exponent), divisor) : ratio(mantissa, divisor << BigInt(-exponent));
}

const EXPONENT_BIAS = 4096;

function writeDyadic({ mantissa, exponent }: Dyadic, writer: Writer): void {
  writer.unsigned(exponent + EXPONENT_BIAS);
  writer.big(mantissa);
}

function readDyadic(reader: Reader): Dyadic {
  const exponent = reader.unsigned() - EXPONENT_BIAS;
  return { mantissa: reader.big(), exponent };
}

function moments(present: (state: Moments) => number | null): Algebra<Moments, number | null> {
  return {
    empty: { count: 0, sum: ZERO, squares: ZERO },
    lift,
    add: (state, value) => merge(state, lift(value)),
    merge,
    present,
    encode: (state, writer) => {
      count.encode(state.count, writer);
      writeDyadic(state.sum, writer);
      writeDyadic(state.squares, writer);
    },
    decode: (reader) => ({ count: count.decode(reader), sum: readDyadic(reader), squares: readDyadic(reader) }),
  };
}

/** The variance of a sample, from exact sums and rounded once; null of fewer than two. */
export const variance = moments((state) => spread(state, 1));

/** The square root of the variance of a sample; null of fewer than two. */
export const stddev = moments((state) => {
  const squared = spread(state, 1);
  return squared === null ? null : Math.sqrt(squared);
});

import type { Algebra } from '../algebra.ts';
import { countAlgebra } from '../kinds/count.ts';
import { decimalQuotient, decimalText, decimalUnits } from './decimal.ts';

/** Numbers are held in units of 10^-38, and shown as canonical text. */

/** The exact sum of decimals. 0 if there is no value. */
export const decimalSum: Algebra<bigint, string, string> = {
  empty: 0n,
  lift: decimalUnits,
  add: (state, value) => state + decimalUnits(value),
  merge: (left, right) => left + right,
  present: decimalText,
  encode: (state, writer) => writer.big(state),
  decode: (reader) => reader.big(),
};

interface Mean {
  readonly count: number;
  readonly sum: bigint;
}

/**
 * The mean of decimals: their exact sum divided by their number. It is rounded half to even to 18
 * decimal places, or to as many as the sum has. Null if there is no value.
 */
export const decimalMean: Algebra<Mean, string | null, string> = {
  empty: { count: 0, sum: 0n },
  lift: (value) => ({ count: 1, sum: decimalUnits(value) }),
  add: (state, value) => ({ count: state.count + 1, sum: state.sum + decimalUnits(value) }),
  merge: (left, right) => ({ count: left.count + right.count, sum: left.sum + right.sum }),
  present: (state) => (state.count === 0 ? null : decimalText(decimalQuotient(state.sum, BigInt(state.count)))),
  encode: (state, writer) => {
    countAlgebra.encode(state.count, writer);
    writer.big(state.sum);
  },
  decode: (reader) => ({ count: countAlgebra.decode(reader), sum: reader.big() }),
};

function extreme(precedes: (left: bigint, right: bigint) => boolean): Algebra<bigint | null, string | null, string> {
  const merge = (left: bigint | null, right: bigint | null): bigint | null =>
    left === null || right === null ? (left ?? right) : precedes(right, left) ? right : left;
  return {
    empty: null,
    lift: decimalUnits,
    add: (state, value) => merge(state, decimalUnits(value)),
    merge,
    present: (state) => (state === null ? null : decimalText(state)),
    encode: (state, writer) => {
      writer.byte(state === null ? 0 : 1);
      if (state !== null) writer.big(state);
    },
    decode: (reader) => (reader.byte() === 0 ? null : reader.big()),
  };
}

/** The smallest decimal. Null if there is no value. */
export const decimalMin = extreme((left, right) => left < right);

/** The largest decimal. Null if there is no value. */
export const decimalMax = extreme((left, right) => left > right);

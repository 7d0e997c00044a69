import type { Algebra } from '../algebra.ts';
import { count } from '../count.ts';
import { type ExactDouble, type ExactInteger, ratio, roundedQuotient } from './exact.ts';
import { doubleSum, integerSum } from './sum.ts';

interface Mean<Sum> {
  readonly sum: Sum;
  readonly count: number;
}

/** Exact sum and count; the quotient is rounded once, when shown. Null of nothing. */
function meanOver<Sum>(
  sum: Algebra<Sum, number>,
  quotient: (sum: Sum, count: number) => number,
): Algebra<Mean<Sum>, number | null> {
  return {
    empty: { sum: sum.empty, count: 0 },
    lift: (value) => ({ sum: sum.lift(value), count: 1 }),
    add: (state, value) => ({ sum: sum.add(state.sum, value), count: state.count + 1 }),
    merge: (left, right) => ({ sum: sum.merge(left.sum, right.sum), count: left.count + right.count }),
    present: (state) => (state.count === 0 ? null : quotient(state.sum, state.count)),
    encode: (state, writer) => {
      count.encode(state.count, writer);
      sum.encode(state.sum, writer);
    },
    decode: (reader) => {
      const records = count.decode(reader);
      return { sum: sum.decode(reader), count: records };
    },
  };
}

export const integerMean = meanOver<ExactInteger>(integerSum, (sum, records) =>
  typeof sum === 'number' ? sum / records : ratio(sum, BigInt(records)),
);

export const doubleMean = meanOver<ExactDouble>(doubleSum, roundedQuotient);

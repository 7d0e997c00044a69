import type { Algebra } from '../algebra.ts';
import type { AggregateDescriptor, Pushdown } from '../descriptor.ts';
import { decimalMean } from '../numeric/decimals.ts';
import { type ExactDouble, type ExactInteger, ratio, roundedQuotient } from '../numeric/exact.ts';
import { countAlgebra } from './count.ts';
import { doubleSum, integerSum, integerSumOf, sumSql } from './sum.ts';

interface Mean<Sum> {
  readonly sum: Sum;
  readonly count: number;
}

/** Exact sum and count. The quotient is rounded once, for the result. Null if there is no value. */
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
      countAlgebra.encode(state.count, writer);
      sum.encode(state.sum, writer);
    },
    decode: (reader) => {
      const records = countAlgebra.decode(reader);
      return { sum: sum.decode(reader), count: records };
    },
  };
}

const integerMean = meanOver<ExactInteger>(integerSum, (sum, records) =>
  typeof sum === 'number' ? sum / records : ratio(sum, BigInt(records)),
);

const doubleMean = meanOver<ExactDouble>(doubleSum, roundedQuotient);

/** The exact sum divided by the count, rounded once. Null if there is no value. */
export const mean: AggregateDescriptor<'mean'> = {
  kind: 'mean',
  input: 'numbers or decimals',
  output: ({ domain }) => (domain === 'decimal' ? 'decimal' : 'double'),
  algebra: ({ domain }) => (domain === 'decimal' ? decimalMean : domain === 'integer' ? integerMean : doubleMean),
  pushdown: ({ domain }) => (domain === 'integer' ? integerMeanInSql : null),
};

const integerMeanInSql: Pushdown = {
  parts: (value, filter) => [
    { suffix: '/sum', sql: sumSql(value, filter) },
    { suffix: '/count', sql: `count(${value})${filter}` },
  ],
  stateOf: ([total, values]) => ({ sum: integerSumOf(total), count: Number(values) }),
};

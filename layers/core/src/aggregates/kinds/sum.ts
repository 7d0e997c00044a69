import type { SqlValue } from '../../ports/sql-engine.ts';
import type { Reader, Writer } from '../../records/codec.ts';
import type { Algebra } from '../algebra.ts';
import type { AggregateDescriptor, Pushdown } from '../descriptor.ts';
import { decimalSum } from '../numeric/decimals.ts';
import {
  addDouble,
  addExactDoubles,
  addIntegers,
  dyadic,
  EXACT_ZERO,
  type ExactDouble,
  type ExactInteger,
  fromDyadic,
  normalInteger,
  roundedQuotient,
} from '../numeric/exact.ts';

/** The sum of integers, exact at any size; the result is the nearest double. */
export const integerSum: Algebra<ExactInteger, number> = {
  empty: 0,
  lift: (value) => value,
  add: addIntegers,
  merge: addIntegers,
  present: Number,
  encode: (state, writer) => writer.big(BigInt(state)),
  decode: (reader) => normalInteger(reader.big()),
};

/** The exact sum of doubles, in any order; the result is correctly rounded. */
export const doubleSum: Algebra<ExactDouble, number> = {
  empty: EXACT_ZERO,
  lift: (value) => addDouble(EXACT_ZERO, value),
  add: addDouble,
  merge: addExactDoubles,
  present: (state) => roundedQuotient(state, 1),
  encode: encodeExactDouble,
  decode: decodeExactDouble,
};

/** The exact sum; 0 over no values. */
export const sum: AggregateDescriptor<'sum'> = {
  kind: 'sum',
  input: 'numbers or decimals',
  output: ({ domain }) => domain,
  algebra: ({ domain }) => (domain === 'decimal' ? decimalSum : domain === 'integer' ? integerSum : doubleSum),
  // Sums of doubles round in SQL, and decimals are text there.
  pushdown: ({ domain }) => (domain === 'integer' ? integerSumInSql : null),
};

const integerSumInSql: Pushdown = {
  parts: (value, filter) => [{ suffix: '', sql: sumSql(value, filter) }],
  stateOf: ([total]) => integerSumOf(total),
};

/** The sum of a column of integers, exact at any size. */
export function sumSql(value: string, filter: string): string {
  return `sum(CAST(${value} AS HUGEINT))${filter}`;
}

/** The state of `integerSum` from the result of `sumSql`, which is null if there is no value. */
export function integerSumOf(total: SqlValue | undefined): ExactInteger {
  return normalInteger(BigInt((total as bigint | null | undefined) ?? 0));
}

/**
 * Tag 0 and a double if one double equals the exact sum. Otherwise tag 1 with exponent and odd
 * mantissa.
 */
function encodeExactDouble(state: ExactDouble, writer: Writer): void {
  if (typeof state !== 'bigint' && state.length < 2) {
    writer.byte(0);
    writer.double(state[0] ?? 0);
    return;
  }
  const rounded = roundedQuotient(state, 1);
  const { mantissa, exponent } = dyadic(state);
  // The odd mantissa is unchanged exactly if rounding lost nothing.
  if (Number.isFinite(rounded) && dyadic(addDouble(EXACT_ZERO, rounded)).mantissa === mantissa) {
    writer.byte(0);
    writer.double(rounded);
    return;
  }
  writer.byte(1);
  writer.unsigned(exponent + 2048);
  writer.big(mantissa);
}

function decodeExactDouble(reader: Reader): ExactDouble {
  if (reader.byte() === 0) return addDouble(EXACT_ZERO, reader.double());
  const exponent = reader.unsigned() - 2048;
  return fromDyadic(reader.big(), exponent);
}

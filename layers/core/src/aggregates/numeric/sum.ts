import type { Reader, Writer } from '../../records/codec.ts';
import type { Algebra } from '../algebra.ts';
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
} from './exact.ts';

/** The sum of integers, exact at any size; shown as the nearest double. */
export const integerSum: Algebra<ExactInteger, number> = {
  empty: 0,
  lift: (value) => value,
  add: addIntegers,
  merge: addIntegers,
  present: Number,
  encode: (state, writer) => writer.big(BigInt(state)),
  decode: (reader) => normalInteger(reader.big()),
};

/** The sum of doubles, exact and without an order; shown correctly rounded. */
export const doubleSum: Algebra<ExactDouble, number> = {
  empty: EXACT_ZERO,
  lift: (value) => addDouble(EXACT_ZERO, value),
  add: addDouble,
  merge: addExactDoubles,
  present: (state) => roundedQuotient(state, 1),
  encode: encodeExactDouble,
  decode: decodeExactDouble,
};

/**
 * Tag 0 and a double where one double is the exact sum; tag 1 with exponent and odd mantissa
 * otherwise.
 */
function encodeExactDouble(state: ExactDouble, writer: Writer): void {
  if (typeof state !== 'bigint' && state.length < 2) {
    writer.byte(0);
    writer.double(state[0] ?? 0);
    return;
  }
  const rounded = roundedQuotient(state, 1);
  const { mantissa, exponent } = dyadic(state);
  // Where rounding lost nothing, and only there, the odd mantissa is still the same.
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

import type { Algebra } from './algebra.ts';

/** How many. Exact up to 2^53, which no log reaches. */
export const count: Algebra<number, number> = {
  empty: 0,
  lift: () => 1,
  add: (state) => state + 1,
  merge: (left, right) => left + right,
  present: (state) => state,
  encode: (state, writer) => writer.unsigned(state),
  decode: (reader) => reader.unsigned(),
};

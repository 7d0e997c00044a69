import type { Algebra } from '../algebra.ts';
import type { AggregateDescriptor, Pushdown } from '../descriptor.ts';

/** The number of records. Exact up to 2^53, which no log reaches. */
export const countAlgebra: Algebra<number, number> = {
  empty: 0,
  lift: () => 1,
  add: (state) => state + 1,
  merge: (left, right) => left + right,
  present: (state) => state,
  encode: (state, writer) => writer.unsigned(state),
  decode: (reader) => reader.unsigned(),
};

export const count: AggregateDescriptor<'count'> = {
  kind: 'count',
  input: 'nothing',
  output: () => 'integer',
  algebra: () => countAlgebra,
  pushdown: () => countInSql,
};

const countInSql: Pushdown = {
  parts: (_, filter) => [{ suffix: '', sql: `count(*)${filter}` }],
  stateOf: ([records]) => Number(records),
};

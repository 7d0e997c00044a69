import type { Algebra } from '../algebra.ts';
import type { AggregateDescriptor, Pushdown } from '../descriptor.ts';
import { decimalMax, decimalMin } from '../numeric/decimals.ts';

/**
 * `pick` is commutative, associative and idempotent, and inputs contain no -0 and no NaN. So the
 * result does not depend on the order.
 */
function extreme(pick: (left: number, right: number) => number): Algebra<number | null, number | null> {
  const merge = (left: number | null, right: number | null): number | null =>
    left === null ? right : right === null ? left : pick(left, right);
  return {
    empty: null,
    lift: (value) => value,
    add: merge,
    merge,
    present: (state) => state,
    encode: (state, writer) => {
      writer.byte(state === null ? 0 : 1);
      if (state !== null) writer.double(state);
    },
    decode: (reader) => (reader.byte() === 0 ? null : reader.double()),
  };
}

const smallest = extreme((left, right) => Math.min(left, right));
const largest = extreme((left, right) => Math.max(left, right));

function extremeInSql(name: 'min' | 'max'): Pushdown {
  return {
    parts: (value, filter) => [{ suffix: '', sql: `${name}(${value})${filter}` }],
    stateOf: ([value]) => (value === null || value === undefined ? null : Number(value)),
  };
}

/** Decimals are text in SQL, which does not compare them numerically. */
function unlessDecimal(pushdown: Pushdown): NonNullable<AggregateDescriptor['pushdown']> {
  return ({ domain }) => (domain === 'decimal' ? null : pushdown);
}

/** The smallest value; null over no values. */
export const min: AggregateDescriptor<'min'> = {
  kind: 'min',
  input: 'numbers or decimals',
  output: ({ domain }) => domain,
  algebra: ({ domain }) => (domain === 'decimal' ? decimalMin : smallest),
  pushdown: unlessDecimal(extremeInSql('min')),
};

/** The largest value; null over no values. */
export const max: AggregateDescriptor<'max'> = {
  kind: 'max',
  input: 'numbers or decimals',
  output: ({ domain }) => domain,
  algebra: ({ domain }) => (domain === 'decimal' ? decimalMax : largest),
  pushdown: unlessDecimal(extremeInSql('max')),
};

import type { Algebra } from './algebra.ts';

/**
 * `pick` is commutative, associative and idempotent, and numbers come without -0 and NaN, so that
 * the extreme is one value whatever the order.
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

/** The smallest value; null of nothing. */
export const min = extreme((left, right) => Math.min(left, right));

/** The largest value; null of nothing. */
export const max = extreme((left, right) => Math.max(left, right));

import { defineAggregate } from '@bifold/core';

/**
 * How far apart the smallest and the largest value are: an aggregate of one's own, as an example.
 * The state keeps both ends; what is shown is computed from them.
 */
export const range = defineAggregate({
  name: 'range',
  version: 1,
  input: 'numbers',
  output: 'number',
  empty: null as readonly [least: number, most: number] | null,
  lift: (value) => [value, value] as const,
  merge: (left, right) =>
    left === null || right === null
      ? (left ?? right)
      : ([Math.min(left[0], right[0]), Math.max(left[1], right[1])] as const),
  present: (state) => (state === null ? null : state[1] - state[0]),
});

import { defineAggregate } from '@bifold/core';

/**
 * The difference between the largest and the smallest value: an example of a user-defined
 * aggregate. The state keeps both ends.
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

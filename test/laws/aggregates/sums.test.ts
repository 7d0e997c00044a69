import { algebraOf } from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import { plainSum } from './doubles.ts';
import { decoded, folded, hex } from './meaning.ts';

describe('sums of doubles that rounding usually spoils', () => {
  const { MAX_VALUE } = Number;
  const TINY = 2 ** -1074;
  it.each([
    { values: [1e16, 1, -1e16], sum: 1 },
    { values: Array<number>(10).fill(0.1), sum: 1 },
    { values: [MAX_VALUE, MAX_VALUE, -MAX_VALUE], sum: MAX_VALUE },
    { values: [MAX_VALUE, MAX_VALUE, -MAX_VALUE, -MAX_VALUE], sum: 0 },
    { values: [MAX_VALUE, MAX_VALUE], sum: Number.POSITIVE_INFINITY },
    { values: [-MAX_VALUE, -MAX_VALUE], sum: Number.NEGATIVE_INFINITY },
    // The sum of the two is finite, but a step of the error-free sum is not.
    { values: [MAX_VALUE, -1.5 * 2 ** 971], sum: MAX_VALUE - 2 ** 971 },
    { values: [-1.5 * 2 ** 971, MAX_VALUE], sum: MAX_VALUE - 2 ** 971 },
    { values: [MAX_VALUE, 2 ** 969], sum: MAX_VALUE },
    { values: [MAX_VALUE, 2 ** 970], sum: Number.POSITIVE_INFINITY },
    { values: [TINY, TINY, -TINY], sum: TINY },
    { values: [1, TINY, -1], sum: TINY },
    { values: [1, 2 ** -53], sum: 1 },
    { values: [1, 2 ** -53, TINY], sum: 1 + 2 ** -52 },
    { values: [MAX_VALUE, TINY, -MAX_VALUE], sum: TINY },
    { values: [], sum: 0 },
  ])('$values', ({ values, sum }) => {
    const algebra = algebraOf({ kind: 'sum', domain: 'double' });
    expect(plainSum(values)).toBe(sum);
    expect(algebra.present(folded(algebra, values))).toBe(sum);
  });

  it.each([
    // Components 1 and 1024.
    { values: [2 ** 60, 1, 1024 - 2 ** 60], one: 1025 },
    // Once beyond the largest double, and back.
    { values: [MAX_VALUE, MAX_VALUE, -MAX_VALUE], one: MAX_VALUE },
    { values: [MAX_VALUE, MAX_VALUE, -MAX_VALUE, -MAX_VALUE], one: 0 },
  ])('stores a sum of several parts that is one double as that double: $values', ({ values, one }) => {
    const algebra = algebraOf({ kind: 'sum', domain: 'double' });
    expect(hex(algebra, folded(algebra, values))).toBe(hex(algebra, algebra.lift(one)));
  });

  it('stores sums beyond the largest double, and goes on from there', () => {
    const algebra = algebraOf({ kind: 'sum', domain: 'double' });
    // 2^1024 is one bit: as a double it would be an infinity.
    const beyond = decoded(algebra, folded(algebra, [MAX_VALUE, 2 ** 971]));
    expect(algebra.present(beyond)).toBe(Number.POSITIVE_INFINITY);
    expect(algebra.present(algebra.add(beyond, -MAX_VALUE))).toBe(2 ** 971);
  });

  it('never shows minus zero: its sign would not survive JSON', () => {
    const algebra = algebraOf({ kind: 'mean', domain: 'double' });
    expect(algebra.present(folded(algebra, [-TINY, 0]))).toBe(0);
  });

  it('keeps sums of integers beyond 2^53', () => {
    const algebra = algebraOf({ kind: 'sum', domain: 'integer' });
    const big = Array<number>(1000).fill(Number.MAX_SAFE_INTEGER);
    const state = folded(algebra, [...big, 1, ...big.map((value) => -value)]);
    expect(algebra.present(state)).toBe(1);
    expect(hex(algebra, state)).toBe(hex(algebra, algebra.lift(1)));
  });
});

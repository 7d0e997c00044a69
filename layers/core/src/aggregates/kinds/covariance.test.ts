import { describe, expect, it } from '@jest/globals';
import { pearson, rootOfRatio } from './covariance.ts';

const correlationOf = (pairs: readonly (readonly [x: number, y: number])[]): number | null =>
  pearson.present(
    pairs.reduce(
      (state, [value, second]) => pearson.add(state, { timeMs: 0, partition: 0, offset: 0, value, second }),
      pearson.empty,
    ),
  );

describe('the correlation of pairs', () => {
  it('is zero where they have nothing to do with each other', () => {
    const none = correlationOf(
      [
        [-1, 1],
        [0, 0],
        [1, 1],
      ].map(([x, y]) => [x, y] as [number, number]),
    );
    expect(Object.is(none, 0)).toBe(true);
  });

  it('is one where they lie on a line, whichever way it goes', () => {
    expect(
      correlationOf(
        [
          [1, 3],
          [2, 5],
          [7, 15],
        ].map(([x, y]) => [x, y] as [number, number]),
      ),
    ).toBe(1);
    expect(
      correlationOf(
        [
          [1, -3],
          [2, -5],
          [7, -15],
        ].map(([x, y]) => [x, y] as [number, number]),
      ),
    ).toBe(-1);
  });
});

describe('the root of a ratio', () => {
  // Half way between two doubles: 54 bits, of which the last is set.
  const TIE = 2n ** 53n + 1n;
  const [EVEN, ABOVE] = [0.5, 0.5 + 2 ** -53];

  it('is rounded once, ties to even', () => {
    expect(rootOfRatio(TIE ** 2n, 2n ** 108n)).toBe(EVEN);
    expect(rootOfRatio((TIE + 2n) ** 2n, 2n ** 108n)).toBe(0.5 + 2 ** -52);
  });

  it('is above a tie by however little: what the root cuts off, and what the quotient does', () => {
    expect(rootOfRatio(TIE ** 2n + 1n, 2n ** 108n)).toBe(ABOVE);
    expect(rootOfRatio(TIE ** 2n * 2n ** 200n + 1n, 2n ** 308n)).toBe(ABOVE);
    expect(rootOfRatio(TIE ** 2n * 2n ** 200n - 1n, 2n ** 308n)).toBe(EVEN);
  });

  it('is as precise where the ratio is small', () => {
    expect(rootOfRatio(1n, 2n ** 400n)).toBe(2 ** -200);
    expect(rootOfRatio(2n, 2n ** 400n)).toBe(Math.SQRT2 * 2 ** -200);
    expect(rootOfRatio(3n, 2n ** 400n)).toBe(Math.sqrt(3) * 2 ** -200);
  });
});

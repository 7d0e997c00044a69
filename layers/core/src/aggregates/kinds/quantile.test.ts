import { describe, expect, it } from '@jest/globals';
import { quantileOf } from './quantile.ts';

describe('the quantile of numbers', () => {
  const medianOf = (values: readonly number[]): number | null => {
    const median = quantileOf(0.5);
    return median.present(values.reduce((state, value) => median.add(state, value), median.empty));
  };

  it('is exactly zero where zero stands', () => {
    expect(medianOf([0])).toBe(0);
    expect(medianOf([-1, 0, 1])).toBe(0);
    expect(medianOf([-(2 ** -1022), 0, 2 ** -1022])).toBe(0);
  });

  it('has the sign of the number that stands there', () => {
    for (const value of [1, 2 ** -1022, Number.MAX_VALUE, 0.1]) {
      expect((medianOf([value]) as number) / value).toBeGreaterThan(0.996);
      expect((medianOf([value]) as number) / value).toBeLessThan(1.004);
      expect(medianOf([-value])).toBe(-(medianOf([value]) as number));
    }
  });
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ratio } from './exact.ts';

describe('ratio', () => {
  it('is division, which the machine rounds correctly, for all small numbers', () => {
    // Collected, not expected one by one: 80,000 expectations would take seconds.
    const wrong: string[] = [];
    for (let numerator = -200; numerator <= 200; numerator++)
      for (let denominator = 1; denominator <= 200; denominator++)
        if (!Object.is(ratio(BigInt(numerator), BigInt(denominator)), numerator / denominator + 0))
          wrong.push(`${numerator} / ${denominator}`);
    expect(wrong).toEqual([]);
  });

  it('is division at any size', () => {
    fc.assert(
      fc.property(
        fc.maxSafeInteger(),
        fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        (numerator, denominator) => {
          expect(ratio(BigInt(numerator), BigInt(denominator))).toBe(numerator / denominator + 0);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('is scaling by powers of two down to the smallest subnormal, rounded once', () => {
    // A double divided by a power of two is rounded once by the machine too.
    fc.assert(
      fc.property(
        fc.maxSafeInteger(),
        fc.integer({ min: 0, max: 1070 }),
        fc.integer({ min: 0, max: 1023 }),
        (mantissa, down, more) => {
          const once = down <= 1022 ? mantissa / 2 ** down : mantissa / 2 ** 1022 / 2 ** (down - 1022);
          const exact = mantissa === 0 || Math.abs(once) >= 2 ** -1022;
          if (exact) expect(ratio(BigInt(mantissa), 1n << BigInt(down))).toBe(once + 0);
          expect(ratio(BigInt(mantissa) << BigInt(more), 1n)).toBe(mantissa * 2 ** more + 0);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it.each([
    { numerator: 1n, down: 1074, expected: 5e-324 },
    { numerator: 1n, down: 1075, expected: 0 },
    { numerator: 3n, down: 1075, expected: 1e-323 },
    { numerator: 3n, down: 1076, expected: 5e-324 },
    { numerator: 5n, down: 1075, expected: 1e-323 },
    { numerator: (1n << 54n) + 2n, down: 1, expected: 2 ** 53 },
    { numerator: (1n << 54n) + 6n, down: 1, expected: 2 ** 53 + 4 },
    { numerator: 1n, down: 4000, expected: 0 },
    { numerator: -1n, down: 4000, expected: 0 },
  ])('$numerator / 2^$down', ({ numerator, down, expected }) => {
    expect(ratio(numerator, 1n << BigInt(down))).toBe(expected);
  });

  it('is an infinity from half a step above the largest double on', () => {
    const half = (1n << 1024n) - (1n << 970n);
    expect(ratio(half - 1n, 1n)).toBe(Number.MAX_VALUE);
    expect(ratio(half, 1n)).toBe(Number.POSITIVE_INFINITY);
    expect(ratio(-half, 1n)).toBe(Number.NEGATIVE_INFINITY);
  });
});

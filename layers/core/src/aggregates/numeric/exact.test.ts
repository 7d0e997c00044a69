import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addDouble, addIntegers, EXACT_ZERO, fromDyadic, normalInteger, ratio } from './exact.ts';

describe('an exact integer', () => {
  it('is a number while it is safe, and a bigint beyond', () => {
    for (const safe of [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 0]) {
      expect(normalInteger(BigInt(safe))).toBe(safe);
      expect(addIntegers(safe, 0)).toBe(safe);
    }
    expect(addIntegers(Number.MAX_SAFE_INTEGER, 1)).toBe(2n ** 53n);
    expect(addIntegers(Number.MIN_SAFE_INTEGER, -1)).toBe(-(2n ** 53n));
    expect(addIntegers(2n ** 53n, -1)).toBe(Number.MAX_SAFE_INTEGER);
    expect(addIntegers(-1, 2n ** 53n)).toBe(Number.MAX_SAFE_INTEGER);
    expect(addIntegers(2n ** 53n, -(2n ** 53n))).toBe(0);
  });
});

describe('an exact sum of doubles', () => {
  const sumOf = (...values: readonly number[]) => values.reduce<ReturnType<typeof addDouble>>(addDouble, EXACT_ZERO);

  it('has no component that is zero, so that one double is one component', () => {
    expect(sumOf(0)).toEqual([]);
    expect(sumOf(1, -1)).toEqual([]);
    expect(sumOf(1, 2)).toEqual([3]);
    expect(sumOf(1e16, 1)).toEqual([1, 1e16]);
    expect(sumOf(1e16, 1, -1e16)).toEqual([1]);
    expect(sumOf(1e16, 1, 0)).toEqual([1, 1e16]);
  });

  it('is held in units of 2^-1074 where its components would overflow', () => {
    const two = (2n ** 1025n) << 1074n;
    expect(sumOf(Number.MAX_VALUE, 2 ** 971, 2 ** 1023, 2 ** 1023)).toBe(two);
    expect(fromDyadic(1n, 1025)).toBe(two);
    expect(fromDyadic(-3n, 1)).toEqual([-6]);
    expect(fromDyadic(2n ** 53n + 1n, 0)).toEqual([1, 2 ** 53]);
  });
});

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

  // Near 2^200 the doubles are 2^148 apart.
  it.each([
    { name: 'half a step: the even one', above: 1n << 147n, steps: 0n },
    { name: 'a little more than half a step', above: (1n << 147n) + 1n, steps: 1n },
    { name: 'a little less than half a step', above: (1n << 147n) - 1n, steps: 0n },
    { name: 'a step and a half: the even one', above: 3n << 147n, steps: 2n },
    { name: 'a little less than a step and a half', above: (3n << 147n) - 1n, steps: 1n },
  ])('of large numbers rounds once: $name', ({ above, steps }) => {
    const large = 1n << 200n;
    for (const factor of [1n, 3n]) {
      const expected = Number(large + (steps << 148n));
      expect(ratio((large + above) * factor, factor)).toBe(expected);
      expect(ratio(-(large + above) * factor, factor)).toBe(-expected);
    }
  });

  it('is an infinity from half a step above the largest double on', () => {
    const half = (1n << 1024n) - (1n << 970n);
    expect(ratio(half - 1n, 1n)).toBe(Number.MAX_VALUE);
    expect(ratio(half, 1n)).toBe(Number.POSITIVE_INFINITY);
    expect(ratio(-half, 1n)).toBe(Number.NEGATIVE_INFINITY);
  });
});

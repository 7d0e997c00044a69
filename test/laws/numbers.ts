import fc from 'fast-check';
import { doubleOfBits } from './aggregates/doubles.ts';

/**
 * Finite doubles as the decoder gives them (never -0), with a taste for what breaks sums: limits,
 * subnormals, ties, cancellation.
 */
export const finiteDouble: fc.Arbitrary<number> = fc
  .oneof(
    { weight: 4, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
    { weight: 2, arbitrary: fc.integer({ min: -1000, max: 1000 }).map((cents) => cents / 100) },
    { weight: 1, arbitrary: fc.integer({ min: -9, max: 9 }) },
    // Near the largest double, where the steps of an error-free sum overflow though the sum does
    // not.
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 3n }))
        .map(([negative, below]) => (negative ? -1 : 1) * doubleOfBits(0x7fefffffffffffffn - below)),
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.integer({ min: -7, max: 7 }), fc.integer({ min: 968, max: 973 }))
        .map(([halves, exponent]) => halves * 2 ** (exponent - 1)),
    },
    // Powers of two and their neighbours, over the whole range.
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 0x7fen }), fc.bigInt({ min: -1n, max: 1n }))
        .map(
          ([negative, exponent, step]) =>
            (negative ? -1 : 1) * doubleOfBits((exponent << 52n) + (exponent > 0n ? step : 1n)),
        ),
    },
    { weight: 1, arbitrary: fc.bigInt({ min: 1n, max: 9n }).map(doubleOfBits) },
    { weight: 1, arbitrary: fc.constantFrom(1e16, -1e16, 1, 0.1, 2 ** 53, 2 ** -53, 2 ** -1074, -(2 ** -1074)) },
  )
  .map((value) => value + 0);

/** Several doubles, often with the negations of some among them. */
export const doubles: fc.Arbitrary<number[]> = fc
  .tuple(fc.array(finiteDouble, { maxLength: 12 }), fc.array(fc.nat({ max: 11 }), { maxLength: 6 }))
  .map(([values, cancelled]) => [
    ...values,
    ...cancelled.filter((index) => index < values.length).map((index) => 0 - (values[index] as number)),
  ]);

/** Integers as the decoder gives them: safe, never -0. */
export const safeInteger: fc.Arbitrary<number> = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -100, max: 100 }),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 1),
);

/**
 * A small generator of choices from one number, so that a test's whole course replays from its
 * counterexample.
 */
export function choices(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

export function shuffled<T>(values: readonly T[], choose: (below: number) => number): T[] {
  const order = [...values];
  for (let last = order.length - 1; last > 0; last--) {
    const other = choose(last + 1);
    [order[last], order[other]] = [order[other] as T, order[last] as T];
  }
  return order;
}

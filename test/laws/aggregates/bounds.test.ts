import { algebraOf } from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { choices, shuffled } from '../numbers.ts';
import { bytes, decoded, few, folded, grouped, hex, NOWHERE } from './meaning.ts';

describe('decimals', () => {
  const seen = ['10', '-3', '9.5'].map((second, offset) => ({ ...NOWHERE, offset, value: second, second }));

  it('are compared by size, not as texts', () => {
    const least = algebraOf({ kind: 'minBy', domain: 'text', secondDomain: 'decimal' });
    const most = algebraOf({ kind: 'maxBy', domain: 'text', secondDomain: 'decimal' });
    expect([least, most].map((algebra) => algebra.present(folded(algebra, seen)))).toEqual(['-3', '10']);
    const often = algebraOf({ kind: 'topK', domain: 'decimal', parameter: 3 });
    expect(often.present(folded(often, ['10', '-3', '9.5']))).toEqual(
      ['-3', '9.5', '10'].map((value) => ({ value, count: 1 })),
    );
  });
});

describe('what is bounded', () => {
  const place = { timeMs: 0, partition: 0, offset: 0, second: null };
  const manyTexts = fc.array(
    fc.record({
      timeMs: few,
      partition: few,
      offset: few,
      second: fc.constant(null),
      value: fc
        .tuple(fc.constantFrom(1, 9_000, 20_000, 65_000), fc.constantFrom('a', 'b', 'é'))
        .map(([size, of]) => of.repeat(size)),
    }),
    { maxLength: 12 },
  );

  it('counts up to 4,096 values, and says so when there are more', () => {
    const algebra = algebraOf({ kind: 'topK', domain: 'integer', parameter: 1 });
    const most = folded(
      algebra,
      Array.from({ length: 4096 }, (_, index) => index),
    );
    expect(algebra.present(algebra.add(most, 7))).toEqual([{ value: 7, count: 2 }]);
    const more = algebra.add(most, 4096);
    expect(algebra.present(more)).toBeNull();
    // A state above the limit stays above it after every merge.
    expect(algebra.present(algebra.merge(algebra.empty, decoded(algebra, algebra.add(more, 7))))).toBeNull();
  });

  it('counts texts up to 64 KiB', () => {
    const algebra = algebraOf({ kind: 'topK', domain: 'text', parameter: 9 });
    const long = folded(algebra, ['é'.repeat(32_767), 'aa', 'aa']);
    expect(algebra.present(long)).toHaveLength(2);
    expect(algebra.present(algebra.add(long, 'b'))).toBeNull();
  });

  it.each(['topK', 'collect'] as const)('%s is the same in any grouping, also where it is too much', (kind) => {
    const algebra = algebraOf({ kind, domain: 'text', parameter: 4 });
    let tooMuch = 0;
    let runs = 0;
    fc.assert(
      fc.property(manyTexts, fc.integer(), (seen, seed) => {
        const choose = choices(seed);
        const inputs: readonly unknown[] = kind === 'topK' ? seen.map(({ value }) => value) : seen;
        const state = grouped(algebra, shuffled(inputs, choose), choose);
        expect(hex(algebra, state)).toBe(hex(algebra, folded(algebra, inputs)));
        runs++;
        if (algebra.present(state) === null) tooMuch++;
      }),
      { numRuns: 1000 },
    );
    expect(tooMuch).toBeGreaterThan(runs / 10);
  });

  it('collects 64 KiB, and no byte more', () => {
    const algebra = algebraOf({ kind: 'collect', domain: 'text', parameter: 2 });
    // A value takes 24 bytes beside its own.
    const [all, more] = [65_512, 65_513].map((size) =>
      algebra.present(folded(algebra, [{ ...place, value: 'a'.repeat(size) }])),
    );
    expect(all).toHaveLength(1);
    expect(more).toBeNull();
  });

  it('collects what comes before what is too much, once there is enough of it', () => {
    const algebra = algebraOf({ kind: 'collect', domain: 'text', parameter: 2 });
    const long = folded(algebra, [{ ...place, timeMs: 5, value: 'a'.repeat(70_000) }]);
    const one = algebra.add(long, { ...place, timeMs: 2, value: 'b' });
    expect([long, one].map(algebra.present)).toEqual([null, null]);
    expect(algebra.present(algebra.add(one, { ...place, timeMs: 3, value: 'c' }))).toEqual(['b', 'c']);
  });

  it('keeps no more of a log in its order than it shows', () => {
    const algebra = algebraOf({ kind: 'collect', domain: 'integer', parameter: 3 });
    const seen = Array.from({ length: 50 }, (_, offset) => ({ ...place, offset, value: offset }));
    expect(bytes(algebra, folded(algebra, seen))).toEqual(bytes(algebra, folded(algebra, seen.slice(0, 3))));
  });
});

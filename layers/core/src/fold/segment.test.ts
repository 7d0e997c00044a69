import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { GrowingSize, SegmentSize } from '../plan/storage.ts';
import { openingOf, segmentEnd, segmentOf, segmentSql, segmentStart } from './segment.ts';

const DEFAULT: GrowingSize = { least: 64, most: 4096, share: 16 };

const powers = Array.from({ length: 14 }, (_, exponent) => 2 ** (exponent + 4));
const growing: fc.Arbitrary<GrowingSize> = fc
  .tuple(fc.subarray(powers, { minLength: 2, maxLength: 2 }), fc.integer({ min: 1, max: 64 }))
  .map(([[least, most], share]) => ({ least: least as number, most: most as number, share }));
const sizes: fc.Arbitrary<SegmentSize> = fc.oneof(fc.integer({ min: 1, max: 131_072 }), growing);
/**
 * Up to where the end of a segment is a safe number too. Small ones are as likely as large ones.
 */
const offsets = fc.oneof(
  fc.nat(100_000),
  fc.tuple(fc.integer({ min: 0, max: 52 }), fc.integer({ min: -2, max: 2 })).map(([e, more]) => 2 ** e + 2 + more),
  fc.maxSafeNat().map((offset) => Math.max(0, offset - 131_072)),
);

describe('segments', () => {
  it('hold each offset once, up to 2^53', () => {
    fc.assert(
      fc.property(offsets, sizes, (offset, size) => {
        const segment = segmentOf(offset, size);
        expect(Number.isSafeInteger(segment)).toBe(true);
        expect(segmentStart(segment, size)).toBeLessThanOrEqual(offset);
        expect(offset).toBeLessThan(segmentEnd(segment, size));
      }),
      { numRuns: 5_000 },
    );
  });

  it('have the offset that they start at, and the one before belongs to the segment before', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 30), sizes, (segment, size) => {
        const start = segmentStart(segment, size);
        expect(segmentOf(start, size)).toBe(segment);
        if (segment > 0) expect(segmentOf(start - 1, size)).toBe(segment - 1);
        expect(segmentEnd(segment, size)).toBe(segmentStart(segment + 1, size));
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([DEFAULT, { least: 16, most: 131_072, share: 1 }, { least: 2, most: 8, share: 3 }, 100])(
    'of %j are counted from 0 without a gap, offset by offset',
    (size) => {
      let segment = 0;
      for (let offset = 0; offset < 200_000; offset++) {
        if (offset === segmentEnd(segment, size)) segment++;
        if (segmentOf(offset, size) !== segment) throw new Error(`offset ${offset} is not in segment ${segment}`);
      }
      expect(segment).toBe(segmentOf(199_999, size));
    },
  );

  it('that grow never shrink, double at most, and have at most their share of the offsets below them', () => {
    fc.assert(
      fc.property(fc.nat(5_000), growing, (segment, size) => {
        const length = (of: number) => segmentEnd(of, size) - segmentStart(of, size);
        expect([length(segment), 2 * length(segment)]).toContain(length(segment + 1));
        expect(length(segment)).toBeGreaterThanOrEqual(size.least);
        expect(length(segment)).toBeLessThanOrEqual(size.most);
        if (length(segment) > size.least)
          expect(length(segment) * size.share).toBeLessThanOrEqual(segmentStart(segment, size));
        // Segments are as large as allowed, so their number is minimal.
        if (length(segment) < size.most)
          expect(2 * length(segment) * size.share).toBeGreaterThan(segmentStart(segment, size));
      }),
      { numRuns: 5_000 },
    );
  });

  it('of the default begin where stored rows expect them: a change of these needs another version of every view', () => {
    const starts = [0, 1, 16, 31, 32, 33, 48, 111, 112, 113].map((segment) => segmentStart(segment, DEFAULT));
    expect(starts).toEqual([0, 64, 1024, 1984, 2048, 2176, 4096, 63_488, 65_536, 69_632]);
  });

  it('are SQL text of integers alone', () => {
    expect(segmentSql('o', 100)).toBe('o // 100');
    expect(segmentSql('o', { least: 16, most: 64, share: 16 })).toBe(
      'CASE WHEN o < 512 THEN 0 + o // 16 WHEN o < 1024 THEN 16 + o // 32 ELSE 32 + o // 64 END',
    );
  });
});

/** Rule 5, case by case, in segments of 100: the segment of the batch begins at 200. */
describe('openingOf', () => {
  it.each([
    { name: 'at its progress', start: 250, next: 250, previous: 200, opening: { kind: 'open' } },
    { name: 'below its progress: a late delivery', start: 230, next: 250, previous: 200, opening: { kind: 'open' } },
    {
      name: 'at the first offset, the segment before complete',
      start: 200,
      next: 200,
      previous: 200,
      opening: { kind: 'open' },
    },
    { name: 'at the first offset of the log', start: 0, next: 0, previous: null, opening: { kind: 'open' } },
    {
      name: 'at the first offset, the segment before not complete: perhaps it ends in a hole',
      start: 200,
      next: 200,
      previous: 180,
      opening: { kind: 'open-after-hole', from: 180 },
    },
    {
      name: 'at the first offset, nothing known of the segment before',
      start: 200,
      next: 200,
      previous: 100,
      opening: { kind: 'open-after-hole', from: 100 },
    },
    {
      name: 'the segment was begun already: nothing to learn of the one before',
      start: 200,
      next: 210,
      previous: 180,
      opening: { kind: 'open' },
    },
    {
      name: 'beyond its progress',
      start: 250,
      next: 240,
      previous: 200,
      opening: { kind: 'ask', from: 240, earlier: null },
    },
    {
      name: 'beyond its first offset, not begun',
      start: 250,
      next: 200,
      previous: 200,
      opening: { kind: 'ask', from: 200, earlier: null },
    },
    {
      name: 'the same, the segment before not complete',
      start: 250,
      next: 200,
      previous: 170,
      opening: { kind: 'ask', from: 200, earlier: 170 },
    },
    {
      name: 'beyond the progress of a begun segment, the one before not complete',
      start: 250,
      next: 240,
      previous: 170,
      opening: { kind: 'ask', from: 240, earlier: null },
    },
    {
      name: 'the first segment, not begun',
      start: 50,
      next: 0,
      previous: null,
      opening: { kind: 'ask', from: 0, earlier: null },
    },
  ])('$name', ({ start, next, previous, opening }) => {
    expect(openingOf(start, 100, next, previous)).toEqual(opening);
  });
});

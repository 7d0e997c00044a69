import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openingOf, segmentOf, segmentStart } from './segment.ts';

describe('segments', () => {
  it('hold each offset once', () => {
    fc.assert(
      fc.property(
        fc.maxSafeNat().map((offset) => Math.floor(offset / 2)),
        fc.integer({ min: 1, max: 1_000_000 }),
        (offset, size) => {
          const segment = segmentOf(offset, size);
          expect(segmentStart(segment, size)).toBeLessThanOrEqual(offset);
          expect(offset).toBeLessThan(segmentStart(segment + 1, size));
        },
      ),
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

import { count, definePipeline, foldOf, topic, tumbling, type Window, windowEndMs } from '@bifold/core';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';

const Event = z.object({ at: z.int(), city: z.string() });
const events = topic('events', {
  schema: Event,
  schemaVersion: 1,
  partitionBy: 'city',
  eventTime: { field: 'at', unit: 'ms' },
});

/** Starts of the windows of one kind that hold a time, as the fold has them. */
function startsOf(window: Window): (timeMs: number) => readonly number[] {
  const pipeline = definePipeline({
    name: 'windows',
    from: events,
    groupBy: ['city'],
    windows: { w: window },
    aggregates: { n: count() },
  });
  return foldOf(pipeline).windowStarts[0]?.startsOf as (timeMs: number) => readonly number[];
}

const sizeMs = fc.oneof(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 999_999_999_999 }));
const timeMs = fc.oneof(
  fc.integer({ min: -100, max: 100 }),
  fc.integer({ min: -8.64e15, max: 8.64e15 }),
  fc.constantFrom(-8.64e15, 8.64e15),
);

/** Each kind of window, of any size. A kind that is new does not compile until it is drawn here. */
const KINDS: Record<Window['kind'], fc.Arbitrary<Window>> = {
  tumbling: sizeMs.map((size) => tumbling(`${size}ms`)),
};

describe.each(Object.entries(KINDS))('%s windows', (_, windows) => {
  it('hold the times that fall into them: their start, not their end', () => {
    fc.assert(
      fc.property(windows, timeMs, (window, time) => {
        const starts = startsOf(window)(time);
        expect(starts.length).toBeGreaterThan(0);
        for (const start of starts) {
          expect(start).toBeLessThanOrEqual(time);
          expect(time).toBeLessThan(windowEndMs(window, start));
          expect(startsOf(window)(start)).toContain(start);
          expect(startsOf(window)(windowEndMs(window, start))).not.toContain(start);
          expect(startsOf(window)(windowEndMs(window, start) - 1)).toContain(start);
          expect(startsOf(window)(start - 1)).not.toContain(start);
        }
      }),
    );
  });

  it('begin at a whole number that is never -0: it is a part of keys', () => {
    fc.assert(
      fc.property(windows, timeMs, (window, time) => {
        for (const start of startsOf(window)(time)) {
          expect(Number.isSafeInteger(start)).toBe(true);
          expect(Object.is(start, -0)).toBe(false);
        }
      }),
    );
  });
});

describe('tumbling windows', () => {
  it('tile the line: every time is in exactly one, and where it ends the next begins', () => {
    fc.assert(
      fc.property(KINDS.tumbling, timeMs, (window, time) => {
        const [start, ...others] = startsOf(window)(time) as [number];
        expect(others).toEqual([]);
        const end = windowEndMs(window, start);
        expect(startsOf(window)(end)).toEqual([end]);
        expect(end - start).toBe(window.sizeMs);
      }),
    );
  });

  it('are aligned to the epoch, before 1970 and far ahead, whatever their size', () => {
    fc.assert(
      fc.property(KINDS.tumbling, timeMs, (window, time) => {
        // In whole numbers, where nothing rounds.
        const size = BigInt(window.sizeMs);
        const into = ((BigInt(time) % size) + size) % size;
        expect(startsOf(window)(time).map(BigInt)).toEqual([BigInt(time) - into]);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    { timeMs: -3_600_001, start: -7_200_000 },
    { timeMs: -3_600_000, start: -3_600_000 },
    { timeMs: -1, start: -3_600_000 },
    { timeMs: 0, start: 0 },
    { timeMs: 3_599_999, start: 0 },
    { timeMs: 3_600_000, start: 3_600_000 },
    { timeMs: Date.UTC(2099, 0, 1, 0, 30), start: Date.UTC(2099, 0, 1) },
  ])('of an hour: the one that holds $timeMs begins at $start', ({ timeMs: time, start }) => {
    expect(startsOf(tumbling('1h'))(time)).toEqual([start]);
    expect(windowEndMs(tumbling('1h'), start)).toBe(start + 3_600_000);
  });
});

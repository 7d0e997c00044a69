import { calendar, running, session, sliding, tumbling, type Window } from '@bifold/core';
import { panesOf, windowEndMs, windowStartsOf } from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

const sizeMs = fc.oneof(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 999_999_999_999 }));
const timeMs = fc.oneof(
  fc.integer({ min: -100, max: 100 }),
  fc.integer({ min: -8.64e15, max: 8.64e15 }),
  fc.constantFrom(-8.64e15, 8.64e15),
);

/**
 * Lengths that are much longer than others make windows of very many panes, which a definition
 * refuses.
 */
const related = fc.tuple(
  fc.integer({ min: 1, max: 60 }),
  fc.integer({ min: 1, max: 60 }),
  fc.integer({ min: 1, max: 3_600_000 }),
);

/** Each kind of window, of any size. A kind that is new does not compile until it is drawn here. */
const KINDS: { readonly [K in Window['kind']]: fc.Arbitrary<Extract<Window, { kind: K }>> } = {
  tumbling: fc
    .tuple(sizeMs, fc.nat())
    .map(([size, offset]) => tumbling(`${size}ms`, offset % size === 0 ? {} : { offset: `${offset % size}ms` })),
  sliding: fc
    .tuple(related, fc.nat())
    .map(([[size, slide, unit], offset]) =>
      sliding(
        `${size * unit}ms`,
        `${slide * unit}ms`,
        offset % (slide * unit) === 0 ? {} : { offset: `${offset % (slide * unit)}ms` },
      ),
    ),
  calendar: fc
    .tuple(
      fc.constantFrom('day', 'week', 'month', 'year'),
      fc.constantFrom('UTC', 'Europe/Berlin', 'America/St_Johns', 'Pacific/Apia'),
    )
    .map(([unit, zone]) => calendar(unit, { zone })),
  session: sizeMs.map((gap) => session(`${gap}ms`)),
  running: fc.constant(running()),
};
const bounded = fc.oneof(KINDS.tumbling, KINDS.sliding);

describe('windows of a length', () => {
  it('hold the times that fall into them: their start, not their end', () => {
    fc.assert(
      fc.property(bounded, timeMs, (window, time) => {
        const startsOf = windowStartsOf(window);
        for (const start of startsOf(time)) {
          const end = windowEndMs(window, start) as number;
          expect(end - start).toBe(window.sizeMs);
          expect(start).toBeLessThanOrEqual(time);
          expect(time).toBeLessThan(end);
          expect(startsOf(start)).toContain(start);
          expect(startsOf(end)).not.toContain(start);
          expect(startsOf(end - 1)).toContain(start);
          expect(startsOf(start - 1)).not.toContain(start);
        }
      }),
    );
  });

  it('begin at multiples of their step from the offset on, in whole numbers, before 1970 and far ahead', () => {
    fc.assert(
      fc.property(bounded, timeMs, (window, time) => {
        const step = BigInt(window.kind === 'sliding' ? window.slideMs : window.sizeMs);
        const modulo = (value: bigint): bigint => ((value % step) + step) % step;
        const offset = BigInt(window.offsetMs ?? 0);
        const latest = BigInt(time) - modulo(BigInt(time) - offset);
        const expected: bigint[] = [];
        for (let start = latest; start + BigInt(window.sizeMs) > BigInt(time); start -= step) expected.unshift(start);
        expect(windowStartsOf(window)(time).map(BigInt)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });
});

describe.each(Object.entries(KINDS))('panes of %s windows', (_, windows) => {
  it('begin at a whole number that is never -0: it is a part of keys', () => {
    fc.assert(
      fc.property(windows as fc.Arbitrary<Window>, timeMs, (window, time) => {
        const start = panesOf(window).paneOf(time);
        if (start === null) return;
        expect(Number.isSafeInteger(start)).toBe(true);
        expect(Object.is(start, -0)).toBe(false);
        expect(panesOf(window).paneOf(start)).toBe(start);
        if (window.kind !== 'running') expect(start).toBeLessThanOrEqual(time);
      }),
    );
  });

  it('belong to the same windows with all that they hold', () => {
    const apart = fc.integer({ min: 0, max: 5_000_000 });
    fc.assert(
      fc.property(windows as fc.Arbitrary<Window>, timeMs, apart, (window, one, distance) => {
        const { paneOf } = panesOf(window);
        const other = one + distance;
        if (paneOf(one) === null) expect(windowStartsOf(window)(one)).toEqual([]);
        if (paneOf(one) !== paneOf(other) || paneOf(one) === null) return;
        expect(windowStartsOf(window)(one)).toEqual(windowStartsOf(window)(other));
        // Two events of one pane are of one session, whatever lies between them.
        if (window.kind === 'session') expect(distance).toBeLessThan(window.gapMs);
      }),
      { numRuns: 500 },
    );
  });
});

describe('tumbling windows', () => {
  it.each([
    { timeMs: -3_600_001, start: -7_200_000 },
    { timeMs: -3_600_000, start: -3_600_000 },
    { timeMs: -1, start: -3_600_000 },
    { timeMs: 0, start: 0 },
    { timeMs: 3_599_999, start: 0 },
    { timeMs: 3_600_000, start: 3_600_000 },
    { timeMs: Date.UTC(2099, 0, 1, 0, 30), start: Date.UTC(2099, 0, 1) },
  ])('of an hour: the one that holds $timeMs begins at $start', ({ timeMs: time, start }) => {
    expect(windowStartsOf(tumbling('1h'))(time)).toEqual([start]);
    expect(windowEndMs(tumbling('1h'), start)).toBe(start + 3_600_000);
  });
});

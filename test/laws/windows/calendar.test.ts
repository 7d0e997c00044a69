import { calendar, count, definePipeline, topic } from '@bifold/core';
import { type CalendarUnit, paneStartSql, panesOf, type Value, windowEndMs, windowStartsOf } from '@bifold/core/engine';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { ArchiveTable } from '../sql/archive-table.ts';

/**
 * Days, weeks, months and years of time zones: compared with Node's own clocks, minute by minute,
 * and with DuckDB, which knows no zones here.
 */

let archive: ArchiveTable;
beforeAll(async () => {
  archive = await ArchiveTable.open();
});
afterAll(() => archive.close());

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const UNITS = ['day', 'week', 'month', 'year'] as const;
/**
 * Changes of an hour, of half an hour, at midnight, at one minute past it, of a whole day, of
 * several a year, and none.
 */
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Pacific/Apia',
  'America/Sao_Paulo',
  'America/St_Johns',
  'America/Havana',
  'Asia/Beirut',
  'Africa/Casablanca',
  'Asia/Gaza',
];

const formats = new Map<string, Intl.DateTimeFormat>();
/** The date on a wall calendar, as a text that sorts. */
function dateAt(zone: string, timeMs: number): string {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' });
    formats.set(zone, format);
  }
  return format.format(timeMs);
}

/**
 * The latest date that the wall has shown up to a time: clocks that are set back do not make it
 * yesterday again.
 */
function latestDate(zone: string, timeMs: number): string {
  let latest = dateAt(zone, timeMs);
  for (let beforeMs = timeMs - 26 * HOUR_MS; beforeMs < timeMs; beforeMs += MINUTE_MS) {
    const shown = dateAt(zone, beforeMs);
    if (shown > latest) latest = shown;
  }
  return latest;
}

function firstDateOf(unit: CalendarUnit, date: string): string {
  const [year, month] = date.split('-');
  switch (unit) {
    case 'day':
      return date;
    case 'week': {
      const dayMs = Date.parse(date);
      return new Date(dayMs - ((new Date(dayMs).getUTCDay() + 6) % 7) * DAY_MS).toISOString().slice(0, 10);
    }
    case 'month':
      return `${year}-${month}-01`;
    case 'year':
      return `${year}-01-01`;
  }
}

function dayAfter(date: string): string {
  return new Date(Date.parse(date) + DAY_MS).toISOString().slice(0, 10);
}

/** The first minute at which the wall shows a date, or a later one. */
function firstMinuteOf(zone: string, date: string): number {
  let timeMs = Date.parse(date) - 26 * HOUR_MS;
  while (dateAt(zone, timeMs) < date) timeMs += MINUTE_MS;
  return timeMs;
}

const anyTime = fc.oneof(
  fc.integer({ min: Date.UTC(1972, 0, 5), max: Date.UTC(2060, 0, 1) }),
  // About changes of clocks, and about midnights.
  fc
    .tuple(fc.constantFrom(...changes().map(([, , at]) => Date.parse(at))), fc.integer({ min: -30, max: 30 }))
    .map(([at, hours]) => at + hours * HOUR_MS),
);
const windows = fc.tuple(fc.constantFrom(...UNITS), fc.constantFrom(...ZONES));

function changes(): readonly (readonly [what: string, zone: string, start: string, hours: number])[] {
  return [
    ['a day of 23 hours', 'Europe/Berlin', '2024-03-30T23:00:00Z', 23],
    ['a day of 25 hours', 'Europe/Berlin', '2024-10-26T22:00:00Z', 25],
    ['the day after it', 'Europe/Berlin', '2024-10-27T23:00:00Z', 24],
    ['a day of 23 hours in New York', 'America/New_York', '2024-03-10T05:00:00Z', 23],
    ['a day of 25 hours in New York', 'America/New_York', '2024-11-03T04:00:00Z', 25],
    ['half an hour less', 'Australia/Lord_Howe', '2024-10-05T13:30:00Z', 23.5],
    ['half an hour more', 'Australia/Lord_Howe', '2024-04-06T13:00:00Z', 24.5],
    ['a day of a zone that is 5:45 ahead', 'Asia/Kathmandu', '2024-05-31T18:15:00Z', 24],
    ['the day on which its clocks went from 5:30 to 5:45', 'Asia/Kathmandu', '1985-12-31T18:30:00Z', 23.75],
    ['the day before one that never was', 'Pacific/Apia', '2011-12-29T10:00:00Z', 24],
    ['the day after it', 'Pacific/Apia', '2011-12-30T10:00:00Z', 24],
    ['a day without a midnight', 'America/Sao_Paulo', '2018-11-04T03:00:00Z', 23],
    ['a day whose last hour comes twice', 'America/Sao_Paulo', '2018-02-17T02:00:00Z', 25],
    ['a day that ends twice, at a minute past midnight', 'America/St_Johns', '2010-11-06T02:30:00Z', 24],
    ['the day that begins twice', 'America/St_Johns', '2010-11-07T02:30:00Z', 25],
  ];
}

// Clocks are asked minute by minute.
describe('windows of a calendar', () => {
  it.each(changes())('%s', (_, zone, start, hours) => {
    const window = calendar('day', { zone });
    const startMs = Date.parse(start);
    expect(windowStartsOf(window)(startMs)).toEqual([startMs]);
    expect(windowStartsOf(window)(startMs - 1)).not.toEqual([startMs]);
    expect(((windowEndMs(window, startMs) as number) - startMs) / HOUR_MS).toBe(hours);
    expect(windowStartsOf(window)(startMs + hours * HOUR_MS - 1)).toEqual([startMs]);
  });

  it('of the Pacific: from the 29th to the 31st', () => {
    const window = calendar('day', { zone: 'Pacific/Apia' });
    const last = Date.parse('2011-12-30T10:00:00Z');
    expect(dateAt('Pacific/Apia', last - 1)).toBe('2011-12-29');
    expect(dateAt('Pacific/Apia', last)).toBe('2011-12-31');
    expect(windowStartsOf(window)(last)).toEqual([last]);
  });

  it('begin where the wall first shows their first date', () => {
    fc.assert(
      fc.property(windows, anyTime, ([unit, zone], timeMs) => {
        const window = calendar(unit, { zone });
        const date = latestDate(zone, timeMs);
        const first = firstDateOf(unit, date);
        const startMs = firstMinuteOf(zone, first);
        expect(windowStartsOf(window)(timeMs)).toEqual([startMs]);
        let next = dayAfter(date);
        while (firstDateOf(unit, next) === first || firstMinuteOf(zone, firstDateOf(unit, next)) === startMs)
          next = dayAfter(next);
        expect(windowEndMs(window, startMs)).toBe(firstMinuteOf(zone, firstDateOf(unit, next)));
      }),
      { numRuns: 25 },
    );
  });

  it('tile the whole of time: each time is of one, and each ends where the next begins', () => {
    const everywhere = fc.oneof(
      anyTime,
      fc.integer({ min: -8.64e15, max: 8.64e15 }),
      fc.integer({ min: Date.UTC(1899, 11, 25), max: Date.UTC(1973, 0, 1) }),
      fc.integer({ min: Date.UTC(2099, 11, 25), max: Date.UTC(2100, 0, 10) }),
      fc.constantFrom(8.64e15, -8.64e15),
    );
    fc.assert(
      fc.property(windows, everywhere, ([unit, zone], timeMs) => {
        const window = calendar(unit, { zone });
        const startsOf = windowStartsOf(window);
        const [startMs] = startsOf(timeMs) as [number];
        const endMs = windowEndMs(window, startMs);
        expect(startsOf(timeMs)).toHaveLength(1);
        expect(startMs).toBeLessThanOrEqual(timeMs);
        expect(startsOf(startMs)).toEqual([startMs]);
        expect(panesOf(window).paneOf(timeMs)).toBe(startMs);
        if (startMs > -8.64e15) expect(windowEndMs(window, startsOf(startMs - 1)[0] as number)).toBe(startMs);
        if (endMs === null) {
          expect(startsOf(8.64e15)).toEqual([startMs]);
          expect(timeMs).toBeGreaterThan(Date.UTC(2099, 11, 20));
        } else {
          expect(endMs).toBeGreaterThan(timeMs);
          expect(startsOf(endMs)).toEqual([endMs]);
          expect(startsOf(endMs - 1)).toEqual([startMs]);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('are known from 1900 to 2099; what is before and after is one window each', () => {
    const window = calendar('month', { zone: 'Europe/Berlin' });
    const startOf = (time: string) => windowStartsOf(window)(Date.parse(time))[0];
    expect(startOf('1899-12-31T22:59:59Z')).toBe(-8.64e15);
    expect(windowEndMs(window, -8.64e15)).toBe(Date.parse('1899-12-31T23:00:00Z'));
    expect(startOf('2099-12-31T22:59:59Z')).toBe(Date.parse('2099-11-30T23:00:00Z'));
    expect(startOf('2150-06-01T00:00:00Z')).toBe(Date.parse('2099-12-31T23:00:00Z'));
    expect(windowEndMs(window, Date.parse('2099-12-31T23:00:00Z'))).toBeNull();
    const day = calendar('day', { zone: 'Europe/Berlin' });
    expect(windowEndMs(day, Date.parse('2099-10-24T22:00:00Z'))).toBe(Date.parse('2099-10-25T23:00:00Z'));
  });

  it('are two where clocks change in one and in the next', () => {
    const changes = ['2024-03-10T00:00Z', '2024-04-10T00:00Z'].map((at, index) => [Date.parse(at), index + 1] as const);
    const [first] = calendar('day').clock as [readonly [number, number]];
    const clock = [first, ...changes.map(([at, hours]) => [at, hours * HOUR_MS] as const)];
    const window = { ...calendar('month'), clock };
    expect(windowStartsOf(window)(Date.parse('2024-04-20T00:00Z'))).toEqual([Date.parse('2024-03-31T23:00Z')]);
    expect(windowEndMs(window, Date.parse('2024-03-31T23:00Z'))).toBe(Date.parse('2024-04-30T22:00Z'));
  });

  it('are to DuckDB what they are to the fold', async () => {
    const Event = z.object({ at: z.int(), key: z.string() });
    const { plan } = definePipeline({
      name: 'days',
      from: topic('events', {
        schema: Event,
        schemaVersion: 1,
        partitionBy: 'key',
        eventTime: { field: 'at', unit: 'ms' },
      }),
      groupBy: ['key'],
      windows: Object.fromEntries(
        UNITS.flatMap((unit) => ZONES.map((zone, index) => [`${unit}${index}`, calendar(unit, { zone })])),
      ),
      aggregates: { n: count() },
    });
    const times = fc.array(
      fc.oneof(anyTime, fc.integer({ min: -8.64e15, max: 8.64e15 }), fc.integer({ min: -2.3e12, max: 4.2e12 })),
      { minLength: 40, maxLength: 80 },
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...plan.windows), times, async (window, events) => {
        if (window.kind !== 'calendar') throw new Error('a calendar');
        // Times at which a window begins, and those just before, are what a search by halves may
        // get wrong.
        const { paneOf } = panesOf(window);
        const edges = events.flatMap((timeMs) => [
          timeMs,
          paneOf(timeMs) ?? 0,
          Math.max((paneOf(timeMs) ?? 0) - 1, -8.64e15),
        ]);
        await archive.fill(
          plan,
          edges.map((timeMs) => ({ timeMs, values: { at: timeMs, key: 'k' } as Record<string, Value> })),
        );
        const found = await archive.query(plan, `SELECT ${paneStartSql(window)} FROM events ORDER BY _offset`);
        expect(found.map(([start]) => start)).toEqual(edges.map((timeMs) => paneOf(timeMs)));
      }),
      { numRuns: 30 },
    );
  });
});

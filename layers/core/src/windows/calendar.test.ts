import { describe, expect, it } from '@jest/globals';
import type { CalendarUnit, CalendarWindow, ClockChange } from '../plan/window.ts';
import { calendarEndMs, calendarPaneOf } from './calendar.ts';

const HOUR_MS = 3_600_000;
const ALWAYS_MS = Date.UTC(1899, 11, 30);

/** Generated clocks: UTC offsets in hours, and a number of changes. */
const clockOf = (
  hours: number,
  ...changes: readonly (readonly [at: string, hours: number])[]
): readonly ClockChange[] =>
  [[ALWAYS_MS, hours * HOUR_MS] as const].concat(changes.map(([at, to]) => [Date.parse(at), to * HOUR_MS] as const));

const SUMMER = clockOf(1, ['2024-03-31T01:00Z', 2], ['2024-10-27T01:00Z', 1]);
const ACROSS_THE_DATE_LINE = clockOf(-10, ['2011-12-30T10:00Z', 14]);
const FORWARD_AT_MIDNIGHT = clockOf(-3, ['2018-11-04T03:00Z', -2]);
const BACK_AT_MIDNIGHT = clockOf(-2, ['2018-02-18T02:00Z', -3]);
const BACK_PAST_MIDNIGHT = clockOf(-2.5, ['2010-11-07T02:31Z', -3.5]);

const windowOf = (unit: CalendarUnit, clock: readonly ClockChange[]): CalendarWindow => ({
  kind: 'calendar',
  unit,
  zone: 'made up',
  clock,
});
const shown = (timeMs: number | null): string | null =>
  timeMs === null ? null : new Date(timeMs).toISOString().replace(':00.000', '');

describe('a window of a calendar', () => {
  it.each<[what: string, unit: CalendarUnit, clock: readonly ClockChange[], start: string, end: string | null]>([
    ['a day of 24 hours', 'day', SUMMER, '2024-03-29T23:00Z', '2024-03-30T23:00Z'],
    ['a day of 23 hours', 'day', SUMMER, '2024-03-30T23:00Z', '2024-03-31T22:00Z'],
    ['a day of summer', 'day', SUMMER, '2024-05-01T22:00Z', '2024-05-02T22:00Z'],
    ['a day of 25 hours', 'day', SUMMER, '2024-10-26T22:00Z', '2024-10-27T23:00Z'],
    ['a week before a change', 'week', SUMMER, '2024-03-17T23:00Z', '2024-03-24T23:00Z'],
    ['a week with a change', 'week', SUMMER, '2024-03-24T23:00Z', '2024-03-31T22:00Z'],
    ['a week of summer', 'week', SUMMER, '2024-04-07T22:00Z', '2024-04-14T22:00Z'],
    ['February of a leap year', 'month', SUMMER, '2024-01-31T23:00Z', '2024-02-29T23:00Z'],
    ['a month with a change', 'month', SUMMER, '2024-02-29T23:00Z', '2024-03-31T22:00Z'],
    ['a month of summer', 'month', SUMMER, '2024-04-30T22:00Z', '2024-05-31T22:00Z'],
    ['December', 'month', SUMMER, '2024-11-30T23:00Z', '2024-12-31T23:00Z'],
    ['a year with two changes', 'year', SUMMER, '2023-12-31T23:00Z', '2024-12-31T23:00Z'],
    ['a year without', 'year', SUMMER, '2022-12-31T23:00Z', '2023-12-31T23:00Z'],
    ['the day before one that never was', 'day', ACROSS_THE_DATE_LINE, '2011-12-29T10:00Z', '2011-12-30T10:00Z'],
    ['the day after it', 'day', ACROSS_THE_DATE_LINE, '2011-12-30T10:00Z', '2011-12-31T10:00Z'],
    ['a month that lacks a day', 'month', ACROSS_THE_DATE_LINE, '2011-12-01T10:00Z', '2011-12-31T10:00Z'],
    ['a day without a midnight', 'day', FORWARD_AT_MIDNIGHT, '2018-11-04T03:00Z', '2018-11-05T02:00Z'],
    ['a day whose last hour comes twice', 'day', BACK_AT_MIDNIGHT, '2018-02-17T02:00Z', '2018-02-18T03:00Z'],
    ['a day that begins twice', 'day', BACK_PAST_MIDNIGHT, '2010-11-07T02:30Z', '2010-11-08T03:30Z'],
    ['the first week', 'week', SUMMER, '1899-12-31T23:00Z', '1900-01-07T23:00Z'],
    ['the first year', 'year', SUMMER, '1899-12-31T23:00Z', '1900-12-31T23:00Z'],
    ['the last month', 'month', SUMMER, '2099-11-30T23:00Z', '2099-12-31T23:00Z'],
    ['the days after the last year', 'day', SUMMER, '2099-12-31T23:00Z', null],
    // 2100 begins on a Friday: its week is that of 2099.
    ['the last week', 'week', SUMMER, '2099-12-27T23:00Z', '2100-01-03T23:00Z'],
    ['the weeks after it', 'week', SUMMER, '2100-01-03T23:00Z', null],
  ])('%s', (_, unit, clock, start, end) => {
    const window = windowOf(unit, clock);
    const startMs = Date.parse(start);
    const lastMs = end === null ? 8.64e15 : Date.parse(end) - 1;
    const startOf = calendarPaneOf(window);
    for (const timeMs of [startMs, lastMs, (startMs + lastMs) / 2]) {
      expect([shown(calendarPaneOf(window)(timeMs)), shown(calendarEndMs(window, timeMs))]).toEqual([start, end]);
      expect(shown(startOf(timeMs))).toBe(start);
    }
    // One that is asked for after another is what it is by itself.
    expect(startOf(startMs - 1)).toBeLessThan(startMs);
    expect(shown(calendarEndMs(window, startMs - 1))).toBe(start);
    if (end !== null) expect(shown(startOf(lastMs + 1))).toBe(end);
    expect(shown(startOf(lastMs))).toBe(start);
  });

  it('that is before all years begins where time does', () => {
    const window = windowOf('day', SUMMER);
    expect(calendarPaneOf(window)(Date.UTC(1890, 0))).toBe(-8.64e15);
    expect(shown(calendarEndMs(window, -8.64e15))).toBe('1899-12-31T23:00Z');
  });
});

import type { CalendarWindow, ClockChange } from '../plan/window.ts';
import { TIME_LIMIT_MS } from '../records/value.ts';
import { partitionPoint } from '../search.ts';
import { CALENDAR_YEARS } from './zone-clock.ts';

/**
 * Consecutive panes up to the start of the next period. Either the UTC offset is the same in all of
 * them, or there is a single pane, in which it changes. The last pane of all never ends.
 */
interface OffsetPeriod {
  readonly fromMs: number;
  /** The UTC offset of the panes. Null for a single pane. */
  readonly aheadMs: number | null;
}

/** No event is earlier. */
const FIRST_MS = -TIME_LIMIT_MS;
const DAY_MS = 86_400_000;
/** The first midnight of the calendar's years. 1900 begins on a Monday, as weeks do (ISO 8601). */
const FIRST_LOCAL_MS = Date.UTC(CALENDAR_YEARS.first, 0, 1);

const known = new WeakMap<readonly ClockChange[], Map<string, readonly OffsetPeriod[]>>();

/**
 * The panes of a calendar: its days, weeks, months or years. They cover all of time.
 *
 * - A pane begins when the clocks of the zone first reach its midnight. If the clocks skip
 *   midnight, it begins at the next time that they show. If they show midnight twice, it begins at
 *   the first one.
 * - A pane that the clocks skip entirely has no length and contains no time.
 * - All times before the calendar's years are one pane, and all times after them another.
 */
function periodsOf({ unit, clock }: CalendarWindow): readonly OffsetPeriod[] {
  const units = known.get(clock) ?? new Map<string, readonly OffsetPeriod[]>();
  known.set(clock, units);
  let periods = units.get(unit);
  if (periods === undefined) {
    periods = joined(unit, boundariesOf(unit, clock));
    units.set(unit, periods);
  }
  return periods;
}

/** The start of a pane, and the local time of its midnight, written as if it were UTC. */
interface Boundary {
  readonly startMs: number;
  readonly localMs: number;
}

/** The start of every pane except the first. */
function boundariesOf(unit: CalendarWindow['unit'], clock: readonly ClockChange[]): readonly Boundary[] {
  const endMs = Date.UTC(CALENDAR_YEARS.last + 1, 0, 1);
  const boundaries: Boundary[] = [];
  let change = 0;
  for (let localMs = FIRST_LOCAL_MS; ; localMs = nextOf(unit, localMs)) {
    let startMs: number;
    for (;;) {
      const [fromMs, aheadMs] = clock[change] as ClockChange;
      startMs = Math.max(fromMs, localMs - aheadMs);
      const nextMs = clock[change + 1]?.[0];
      if (nextMs === undefined || startMs < nextMs) break;
      change++;
    }
    boundaries.push({ startMs, localMs });
    if (localMs >= endMs) return boundaries;
  }
}

function nextOf(unit: CalendarWindow['unit'], localMs: number): number {
  const date = new Date(localMs);
  switch (unit) {
    case 'day':
      return localMs + DAY_MS;
    case 'week':
      return localMs + 7 * DAY_MS;
    case 'month':
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
    case 'year':
      return Date.UTC(date.getUTCFullYear() + 1, 0, 1);
  }
}

function joined(unit: CalendarWindow['unit'], boundaries: readonly Boundary[]): readonly OffsetPeriod[] {
  const periods: OffsetPeriod[] = [{ fromMs: FIRST_MS, aheadMs: null }];
  boundaries.forEach(({ startMs, localMs }, index) => {
    const next = boundaries[index + 1];
    const isRegular = next !== undefined && next.startMs - startMs === nextOf(unit, localMs) - localMs;
    const aheadMs = isRegular ? localMs - startMs : null;
    if (aheadMs === null || aheadMs !== (periods.at(-1) as OffsetPeriod).aheadMs)
      periods.push({ fromMs: startMs, aheadMs });
  });
  return periods;
}

/**
 * Midnight of the first day of the unit that contains a local time. Days and weeks are counted from
 * `oneMs`.
 */
function floorOf(unit: CalendarWindow['unit'], localMs: number, oneMs: number): number {
  const date = new Date(localMs);
  switch (unit) {
    case 'day':
    case 'week': {
      const stepMs = lengthOf(unit);
      return oneMs + Math.floor((localMs - oneMs) / stepMs) * stepMs;
    }
    case 'month':
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
    case 'year':
      return Date.UTC(date.getUTCFullYear(), 0, 1);
  }
}

function lengthOf(unit: 'day' | 'week'): number {
  return unit === 'day' ? DAY_MS : 7 * DAY_MS;
}

/**
 * The same in DuckDB's SQL: a binary search among the clock changes. The engine's own time zones
 * are not used, since they might differ.
 */
export function calendarPaneSql(window: CalendarWindow, time: string): string {
  const periods = periodsOf(window);
  const searched = (first: number, end: number): string => {
    if (end - first === 1) return startSql(window.unit, periods[first] as OffsetPeriod, time);
    const middle = (first + end) >> 1;
    const { fromMs } = periods[middle] as OffsetPeriod;
    return `CASE WHEN ${time} < ${fromMs} THEN ${searched(first, middle)} ELSE ${searched(middle, end)} END`;
  };
  return `CAST(${searched(0, periods.length)} AS BIGINT)`;
}

function startSql(unit: CalendarWindow['unit'], { fromMs, aheadMs }: OffsetPeriod, time: string): string {
  if (aheadMs === null) return String(fromMs);
  switch (unit) {
    case 'day':
    case 'week': {
      const stepMs = lengthOf(unit);
      return `(${fromMs} + (${time} - ${fromMs}) // ${stepMs} * ${stepMs})`;
    }
    case 'month':
    case 'year':
      return `(epoch_ms(CAST(date_trunc('${unit}', make_timestamp((${time} + ${aheadMs}) * 1000)) AS TIMESTAMP)) - ${aheadMs})`;
  }
}

/** Start of the pane that holds a time. */
export function calendarPaneOf(window: CalendarWindow): (timeMs: number) => number {
  const periods = periodsOf(window);
  // Events arrive roughly in event-time order, so most belong to the same pane as the previous one.
  let startMs = Number.POSITIVE_INFINITY;
  let endMs = Number.NEGATIVE_INFINITY;
  return (timeMs) => {
    if (timeMs < startMs || timeMs >= endMs) {
      const index = periodAt(periods, timeMs);
      startMs = startIn(window.unit, periods[index] as OffsetPeriod, timeMs);
      endMs = endIn(window.unit, periods, index, startMs) ?? Number.POSITIVE_INFINITY;
    }
    return startMs;
  };
}

/** End of the pane that holds a time, exclusive; null for the last. */
export function calendarEndMs(window: CalendarWindow, timeMs: number): number | null {
  const periods = periodsOf(window);
  const index = periodAt(periods, timeMs);
  return endIn(window.unit, periods, index, startIn(window.unit, periods[index] as OffsetPeriod, timeMs));
}

function startIn(unit: CalendarWindow['unit'], { fromMs, aheadMs }: OffsetPeriod, timeMs: number): number {
  return aheadMs === null ? fromMs : floorOf(unit, timeMs + aheadMs, fromMs + aheadMs) - aheadMs;
}

function endIn(
  unit: CalendarWindow['unit'],
  periods: readonly OffsetPeriod[],
  index: number,
  startMs: number,
): number | null {
  const { aheadMs } = periods[index] as OffsetPeriod;
  return aheadMs === null ? (periods[index + 1]?.fromMs ?? null) : nextOf(unit, startMs + aheadMs) - aheadMs;
}

/** The last period that begins at or before a time. */
function periodAt(periods: readonly OffsetPeriod[], timeMs: number): number {
  // No time is before the first.
  return partitionPoint(periods.length - 1, (index) => (periods[index + 1] as OffsetPeriod).fromMs <= timeMs);
}

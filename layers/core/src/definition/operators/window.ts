import { DefinitionError } from '../../errors.ts';
import type {
  CalendarUnit,
  CalendarWindow,
  RunningWindow,
  SessionWindow,
  SlidingWindow,
  TumblingWindow,
} from '../../plan/window.ts';
import { zoneClock } from '../../windows/zone-clock.ts';
import { type Duration, durationMs } from '../duration.ts';
import { refuseUnknownOptions } from '../scope.ts';

interface Offset {
  /**
   * Moves the beginning of every window, as in `tumbling('1d', { offset: '6h' })` for days that
   * begin at six, UTC.
   */
  readonly offset?: Duration;
}

/**
 * Windows of one size, side by side, aligned to the epoch. Each event falls into exactly one.
 *
 * @param size - the length of each window, such as `1h`
 * @param options - where windows begin
 * @throws {DefinitionError} BIFOLD_BAD_DURATION if a length is not a whole number above zero with a
 *   unit
 * @throws {DefinitionError} BIFOLD_BAD_OFFSET if the offset is not shorter than the window
 * @throws {DefinitionError} BIFOLD_UNKNOWN_OPTION if an option does not exist
 * @example
 * const hourly = definePipeline({ ...revenue, windows: { hourly: tumbling('1h') } });
 * const sixToSix = definePipeline({
 *   ...revenue,
 *   windows: { day: tumbling('1d', { offset: '6h' }) },
 * });
 */
export function tumbling(size: Duration, { offset, ...others }: Offset = {}): TumblingWindow {
  refuseUnknownOptions('a tumbling window', others, ['offset']);
  const sizeMs = durationMs(size);
  return Object.freeze({ kind: 'tumbling', sizeMs, ...offsetOf(offset, sizeMs) });
}

/**
 * Windows of one size that begin every `slide` (hopping windows). An event falls into size / slide
 * of them. It falls into none if `slide` exceeds `size` and the event lies in a gap.
 *
 * @param size - the length of each window
 * @param slide - the time from the beginning of one window to the next
 * @param options - where windows begin
 * @throws {DefinitionError} BIFOLD_BAD_DURATION if a length is not a whole number above zero with a
 *   unit
 * @throws {DefinitionError} BIFOLD_BAD_OFFSET if the offset is not shorter than the slide
 * @throws {DefinitionError} BIFOLD_BAD_WINDOW if a window has more than 10,000 panes of gcd(size,
 *   slide)
 * @throws {DefinitionError} BIFOLD_UNKNOWN_OPTION if an option does not exist
 * @example
 * const lastHour = definePipeline({ ...revenue, windows: { recent: sliding('1h', '10m') } });
 */
export function sliding(size: Duration, slide: Duration, { offset, ...others }: Offset = {}): SlidingWindow {
  refuseUnknownOptions('a sliding window', others, ['offset']);
  const slideMs = durationMs(slide);
  return Object.freeze({ kind: 'sliding', sizeMs: durationMs(size), slideMs, ...offsetOf(offset, slideMs) });
}

interface CalendarOptions {
  /** A time zone of the IANA database, such as `Europe/Berlin`; `UTC` by default. */
  readonly zone?: string;
}

/**
 * Days, weeks from Monday, months or years of a time zone, from local midnight to local midnight. A
 * day has 23 or 25 hours when the clocks change. All times before 1900 are one window, and so are
 * all times from 2100 on.
 *
 * @param unit - `day`, `week`, `month` or `year`
 * @param options - the time zone
 * @throws {DefinitionError} BIFOLD_BAD_ZONE if the time zone is unknown
 * @throws {DefinitionError} BIFOLD_BAD_WINDOW if the unit is unknown
 * @throws {DefinitionError} BIFOLD_UNKNOWN_OPTION if an option does not exist
 * @example
 * const monthly = definePipeline({
 *   ...revenue,
 *   windows: { month: calendar('month', { zone: 'Europe/Berlin' }) },
 * });
 */
export function calendar(unit: CalendarUnit, { zone = 'UTC', ...others }: CalendarOptions = {}): CalendarWindow {
  refuseUnknownOptions('a calendar window', others, ['zone']);
  return Object.freeze({ kind: 'calendar', unit, zone, clock: zoneClock(zone) });
}

/**
 * Session windows: for each key, one window per series of events that are at most `gap` apart. A
 * session begins at its first event and ends `gap` after its last one.
 *
 * @param gap - the longest time between two events of one session
 * @throws {DefinitionError} BIFOLD_BAD_DURATION if the gap is not a whole number above zero with a
 *   unit
 * @example
 * const shifts = definePipeline({
 *   name: 'shifts',
 *   from: rides,
 *   groupBy: ['driver'],
 *   windows: { shift: session('2h') },
 *   aggregates: { rides: count() },
 * });
 */
export function session(gap: Duration): SessionWindow {
  return Object.freeze({ kind: 'session', gapMs: durationMs(gap) });
}

/**
 * One window without beginning or end (a global window): the running total of each key. A query of
 * it accepts no range of time.
 * @example
 * const total = definePipeline({ ...revenue, windows: { ever: running() } });
 */
export function running(): RunningWindow {
  return Object.freeze({ kind: 'running' });
}

function offsetOf(offset: Duration | undefined, everyMs: number): { readonly offsetMs?: number } {
  if (offset === undefined) return {};
  const offsetMs = durationMs(offset);
  if (offsetMs >= everyMs)
    throw new DefinitionError('BIFOLD_BAD_OFFSET', {
      failed: 'a window has an offset that is too large',
      received: `an offset of ${offset} for windows that begin every ${everyMs} ms`,
      allowed: 'an offset shorter than that',
      remedy: 'use the remainder of the offset divided by that interval',
    });
  return { offsetMs };
}

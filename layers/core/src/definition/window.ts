import { DefinitionError } from '../errors.ts';
import type {
  CalendarUnit,
  CalendarWindow,
  RunningWindow,
  SessionWindow,
  SlidingWindow,
  TumblingWindow,
} from '../plan/window.ts';
import { zoneClock } from '../windows/zone-clock.ts';
import { type Duration, durationMs } from './duration.ts';
import { refuseUnknownOptions } from './scope.ts';

interface Offset {
  /**
   * Moves the beginning of every window, as in `tumbling('1d', { offset: '6h' })` for days that
   * begin at six.
   */
  readonly offset?: Duration;
}

/** Windows of one size, side by side, aligned to the epoch: each event falls into exactly one. */
export function tumbling(size: Duration, { offset, ...others }: Offset = {}): TumblingWindow {
  refuseUnknownOptions('a tumbling window', others, ['offset']);
  const sizeMs = durationMs(size);
  return Object.freeze({ kind: 'tumbling', sizeMs, ...offsetOf(offset, sizeMs) });
}

/**
 * Windows of one size that begin every `slide`: an event falls into size / slide of them, or into
 * none where they leave room.
 */
export function sliding(size: Duration, slide: Duration, { offset, ...others }: Offset = {}): SlidingWindow {
  refuseUnknownOptions('a sliding window', others, ['offset']);
  const slideMs = durationMs(slide);
  return Object.freeze({ kind: 'sliding', sizeMs: durationMs(size), slideMs, ...offsetOf(offset, slideMs) });
}

/**
 * Days, weeks (from Monday), months or years of a time zone, side by side, from local midnight to
 * local midnight: a day in which clocks change has 23 or 25 hours. What is before 1900 is one
 * window, and so is what is after 2099.
 */
export function calendar(
  unit: CalendarUnit,
  { zone = 'UTC', ...others }: { readonly zone?: string } = {},
): CalendarWindow {
  refuseUnknownOptions('a calendar window', others, ['zone']);
  return Object.freeze({ kind: 'calendar', unit, zone, clock: zoneClock(zone) });
}

/**
 * Windows that last as long as events follow each other at most `gap` apart, for each key by
 * itself. A session begins at its first event and ends `gap` after its last.
 */
export function session(gap: Duration): SessionWindow {
  return Object.freeze({ kind: 'session', gapMs: durationMs(gap) });
}

/** One window without beginning and end: a running total of each key. */
export function running(): RunningWindow {
  return Object.freeze({ kind: 'running' });
}

function offsetOf(offset: Duration | undefined, everyMs: number): { readonly offsetMs?: number } {
  if (offset === undefined) return {};
  const offsetMs = durationMs(offset);
  if (offsetMs >= everyMs)
    throw new DefinitionError('BIFOLD_BAD_OFFSET', {
      failed: 'a window begins too late',
      received: `an offset of ${offset} for windows that begin every ${everyMs} ms`,
      allowed: 'an offset shorter than that',
      remedy: 'take what is left when it is divided by that',
    });
  return { offsetMs };
}

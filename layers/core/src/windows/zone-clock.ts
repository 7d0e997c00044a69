import { DefinitionError } from '../errors.ts';
import type { ClockChange } from '../plan/window.ts';

/** The years with known clock changes. Outside of them, the first or last UTC offset applies. */
export const CALENDAR_YEARS = { first: 1900, last: 2099 } as const;

const DAY_MS = 86_400_000;
/**
 * The search step. Two changes within one step that cancel each other would be missed, and no zone
 * has had such changes.
 */
const STEP_MS = 4 * DAY_MS;
/** All changes are at whole seconds. */
const SECOND_MS = 1000;

const known = new Map<string, readonly ClockChange[]>();

/**
 * The clock changes of a time zone over two hundred years, by the tz database of this Node.js. No
 * other code reads that database. The result is part of the definition, so every layer cuts time
 * alike, whatever database its engine has.
 */
export function zoneClock(zone: string): readonly ClockChange[] {
  let clock = known.get(zone);
  if (clock === undefined) {
    clock = Object.freeze(changesOf(aheadOf(zone)).map((change) => Object.freeze(change)));
    known.set(zone, clock);
  }
  return clock;
}

function changesOf(ahead: (timeMs: number) => number): readonly ClockChange[] {
  const endMs = Date.UTC(CALENDAR_YEARS.last + 1, 0, 2);
  let timeMs = Date.UTC(CALENDAR_YEARS.first - 1, 11, 30);
  const changes: ClockChange[] = [[timeMs, ahead(timeMs)]];
  while (timeMs < endMs) {
    const [, beforeMs] = changes.at(-1) as ClockChange;
    const nextMs = timeMs + STEP_MS;
    if (ahead(nextMs) === beforeMs) {
      timeMs = nextMs;
      continue;
    }
    let [same, changed] = [timeMs, nextMs];
    while (changed - same > SECOND_MS) {
      const middle = same + Math.floor((changed - same) / 2 / SECOND_MS) * SECOND_MS;
      if (ahead(middle) === beforeMs) same = middle;
      else changed = middle;
    }
    changes.push([changed, ahead(changed)]);
    timeMs = changed;
  }
  return changes;
}

function aheadOf(zone: string): (timeMs: number) => number {
  let format: Intl.DateTimeFormat;
  try {
    if (typeof zone !== 'string') throw new RangeError('no name');
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset', year: 'numeric' });
  } catch (cause) {
    throw new DefinitionError(
      'BIFOLD_BAD_ZONE',
      {
        failed: 'a calendar has a time zone that is not known',
        received: JSON.stringify(zone) ?? String(zone),
        allowed: 'a name of the tz database, such as "Europe/Berlin", or "UTC"',
        remedy: 'write such a name',
      },
      { cause },
    );
  }
  return (timeMs) => {
    const [, sign, hours, minutes, seconds = '0'] =
      /GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(format.format(timeMs)) ?? [];
    if (sign === undefined) return 0;
    const aheadMs = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * SECOND_MS;
    return sign === '-' ? -aheadMs : aheadMs;
  };
}

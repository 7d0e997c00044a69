import { describe, expect, it } from '@jest/globals';
import { clockId, clockMark, lateRuleOf, NO_CLOCK_MS } from './late.ts';
import type { Plan } from './plan.ts';
import type { TimedValues } from './record.ts';

const event = (timeMs: number): TimedValues => ({ timeMs }) as TimedValues;

describe('what is late', () => {
  const rule = lateRuleOf({ late: { afterMs: 10, skewMs: 1000 } } as Plan);

  it('is nothing where every event counts', () => expect(lateRuleOf({} as Plan)).toBeNull());

  it.each([
    ['an event as old as the clock allows', 500, 490, false],
    ['one that is older', 500, 489, true],
    ['the first event of a partition, whenever it was', NO_CLOCK_MS, NO_CLOCK_MS, false],
  ])('%s', (_, clockMs, timeMs, expected) => expect(rule?.isLate(clockMs, event(timeMs))).toBe(expected));

  it.each([
    ['goes on to the time of an event', 500, 600, 600, 600],
    ['never goes back', 500, 400, 400, 500],
    ['follows an event that is as early as the skew allows', 500, 1600, 600, 1600],
    ['does not follow one that is earlier any further', 500, 9000, 600, 1600],
  ])('its clock %s', (_, clockMs, timeMs, timestampMs, expected) =>
    expect(rule?.after(clockMs, event(timeMs), timestampMs)).toBe(expected),
  );
});

describe('what is stored of a clock', () => {
  // Marks that were stored by an earlier version are found by it.
  it('has this form', () => expect(clockMark(3, 17, 500)).toEqual({ id: 'clock|3', timeMs: 500, offset: 17 }));

  it('is found by its segment', () => expect(clockMark(12, 99, 1).id).toBe(clockId(12)));
});

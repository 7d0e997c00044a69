import { describe, expect, it } from '@jest/globals';
import type { Plan } from '../plan/plan.ts';
import type { TimedValues } from '../records/record.ts';
import { lateRuleOf, NO_WATERMARK_MS, watermarkId, watermarkMark } from './watermark.ts';

const event = (timeMs: number): TimedValues => ({ timeMs }) as TimedValues;

describe('what is late', () => {
  const rule = lateRuleOf({ late: { allowedLatenessMs: 10, maxClockSkewMs: 1000 } } as Plan);

  it('is nothing where every event counts', () => expect(lateRuleOf({} as Plan)).toBeNull());

  it.each([
    ['an event as old as the watermark allows', 500, 490, false],
    ['one that is older', 500, 489, true],
    ['the first event of a partition, whenever it was', NO_WATERMARK_MS, NO_WATERMARK_MS, false],
  ])('%s', (_, watermarkMs, timeMs, expected) => expect(rule?.isLate(watermarkMs, event(timeMs))).toBe(expected));

  it.each([
    ['goes on to the time of an event', 500, 600, 600, 600],
    ['never goes back', 500, 400, 400, 500],
    ['follows an event that is as early as the skew allows', 500, 1600, 600, 1600],
    ['does not follow one that is earlier any further', 500, 9000, 600, 1600],
  ])('its watermark %s', (_, watermarkMs, timeMs, timestampMs, expected) =>
    expect(rule?.after(watermarkMs, event(timeMs), timestampMs)).toBe(expected),
  );
});

describe('what is stored of a watermark', () => {
  // Marks that were stored by an earlier version are found by it.
  it('has this form', () => expect(watermarkMark(3, 17, 500)).toEqual({ id: 'watermark|3', timeMs: 500, offset: 17 }));

  it('is found by its segment', () => expect(watermarkMark(12, 99, 1).id).toBe(watermarkId(12)));
});

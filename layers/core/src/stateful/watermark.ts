import type { Plan } from '../plan/plan.ts';
import type { StateEntry } from '../ports/operator-state-store.ts';
import type { TimedValues } from '../records/record.ts';
import { TIME_LIMIT_MS } from '../records/value.ts';

/**
 * The rule for late events (rule 6). It compares an event with the watermark of its partition: the
 * highest event time at lower offsets.
 */
export interface LateRule {
  /** The watermark after an event, given the one before it. */
  after(watermarkMs: number, event: TimedValues, timestampMs: number): number;
  isLate(watermarkMs: number, event: TimedValues): boolean;
}

/** The watermark before any event: less than all times. Epoch milliseconds. */
export const NO_WATERMARK_MS = -TIME_LIMIT_MS;

export function lateRuleOf({ late }: Plan): LateRule | null {
  if (late === undefined) return null;
  return {
    after: (watermarkMs, { timeMs }, timestampMs) =>
      Math.max(watermarkMs, Math.min(timeMs, timestampMs + late.maxClockSkewMs)),
    isLate: (watermarkMs, { timeMs }) => timeMs < watermarkMs - late.allowedLatenessMs,
  };
}

/**
 * The stored form of a watermark: its value after an offset. A batch stores one mark for each
 * segment, under the segment of that offset.
 */
export function watermarkMark(segment: number, offset: number, watermarkMs: number): StateEntry {
  return { id: watermarkId(segment), timeMs: watermarkMs, offset };
}

export function watermarkId(segment: number): string {
  return `watermark|${segment}`;
}

import type { Plan } from '../plan/plan.ts';
import type { StateEntry } from '../ports/operator-state-store.ts';
import type { TimedValues } from '../records/record.ts';
import { TIME_LIMIT_MS } from '../records/value.ts';

/**
 * Which events are late: by the watermark of their partition, which stands at the latest event
 * before them (rule 6).
 */
export interface LateRule {
  /** Where the watermark stands behind an event, if it stood there before it. */
  after(watermarkMs: number, event: TimedValues, timestampMs: number): number;
  isLate(watermarkMs: number, event: TimedValues): boolean;
}

/**
 * Where a watermark stands before any event: before all times that there are. Epoch milliseconds.
 */
export const NO_WATERMARK_MS = -TIME_LIMIT_MS;

export function lateRuleOf({ late }: Plan): LateRule | null {
  if (late === undefined) return null;
  return {
    after: (watermarkMs, { timeMs }, timestampMs) => Math.max(watermarkMs, Math.min(timeMs, timestampMs + late.skewMs)),
    isLate: (watermarkMs, { timeMs }) => timeMs < watermarkMs - late.afterMs,
  };
}

/**
 * What is stored of a watermark: where it stood behind an offset. One mark for each segment of a
 * batch, found by the segment of that offset.
 */
export function watermarkMark(segment: number, offset: number, watermarkMs: number): StateEntry {
  return { id: watermarkId(segment), timeMs: watermarkMs, offset };
}

export function watermarkId(segment: number): string {
  return `watermark|${segment}`;
}

import type { Plan } from './plan.ts';
import type { Appearance } from './ports.ts';
import type { TimedValues } from './record.ts';
import { TIME_LIMIT_MS } from './value.ts';

/** Which events are late: by the clock of their partition, which stands at the latest event before them (rule 6). */
export interface LateRule {
  /** Where the clock stands behind an event, if it stood there before it. */
  after(clockMs: number, event: TimedValues, timestampMs: number): number;
  isLate(clockMs: number, event: TimedValues): boolean;
}

/** Where a clock stands before any event: before all times that there are. Epoch milliseconds. */
export const NO_CLOCK_MS = -TIME_LIMIT_MS;

export function lateRuleOf({ late }: Plan): LateRule | null {
  if (late === undefined) return null;
  return {
    after: (clockMs, { timeMs }, timestampMs) => Math.max(clockMs, Math.min(timeMs, timestampMs + late.skewMs)),
    isLate: (clockMs, { timeMs }) => timeMs < clockMs - late.afterMs,
  };
}

/** What is stored of a clock: where it stood behind an offset. One mark for each segment of a batch, found by the segment of that offset. */
export function clockMark(segment: number, offset: number, clockMs: number): Appearance {
  return { id: clockId(segment), timeMs: clockMs, offset };
}

export function clockId(segment: number): string {
  return `clock|${segment}`;
}

import type { Plan } from '../plan/plan.ts';
import { TIME_LIMIT_MS, type Value } from './value.ts';

/** The texts of keys and times in queries and answers. */

/** The columns of a key, from its text. */
export function keyColumns(plan: Pick<Plan, 'groupBy'>, key: string): Readonly<Record<string, Value>> {
  const values = JSON.parse(key) as Value[];
  return Object.fromEntries(plan.groupBy.map((name, index) => [name, values[index] as Value]));
}

/** A time in ISO 8601. Null beyond the range of JavaScript dates. */
export function timeText(timeMs: number): string | null {
  return Math.abs(timeMs) <= TIME_LIMIT_MS ? new Date(timeMs).toISOString() : null;
}

/** The bound of a window in ISO 8601, or as epoch milliseconds beyond the range of dates. */
export function boundText(timeMs: number | null): string | null {
  return timeMs === null ? null : (timeText(timeMs) ?? String(timeMs));
}

import type { Plan } from '../plan/plan.ts';
import { TIME_LIMIT_MS, type Value } from './value.ts';

/** The texts of keys and times in queries and answers. */

/** A key text, column by column. */
export function keyColumns(plan: Pick<Plan, 'groupBy'>, key: string): Readonly<Record<string, Value>> {
  const values = JSON.parse(key) as Value[];
  return Object.fromEntries(plan.groupBy.map((name, index) => [name, values[index] as Value]));
}

/** ISO 8601; null beyond the range of dates. */
export function timeText(timeMs: number): string | null {
  return Math.abs(timeMs) <= TIME_LIMIT_MS ? new Date(timeMs).toISOString() : null;
}

/** Beyond the range of dates a window's bound is shown as its epoch milliseconds. */
export function boundText(timeMs: number | null): string | null {
  return timeMs === null ? null : (timeText(timeMs) ?? String(timeMs));
}

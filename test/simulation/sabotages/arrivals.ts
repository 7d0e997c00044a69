import type { Stage } from '../ports/index.ts';

/** Tables whose rows are kept by their arrival. */
const arrivals = new WeakMap<Stage, Map<string, Map<string, unknown>>>();

export function arrivalsOf<T>(stage: Stage, table: string): Map<string, T> {
  const tables = arrivals.get(stage) ?? new Map<string, Map<string, unknown>>();
  arrivals.set(stage, tables);
  const found = tables.get(table) ?? new Map<string, unknown>();
  tables.set(table, found);
  return found as Map<string, T>;
}

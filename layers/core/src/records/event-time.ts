import type { EpochUnit, EventTime } from '../plan/column.ts';
import { TIME_LIMIT_MS, type Value } from './value.ts';

/** Epoch milliseconds of a count since 1970. */
const TO_MS: Readonly<Record<EpochUnit, (count: number) => number>> = {
  s: (count) => count * 1000,
  ms: (count) => count,
  us: (count) => Math.floor(count / 1000),
};

/** The same conversion in SQL, over a numeric column. */
const TO_MS_SQL: Readonly<Record<EpochUnit, (column: string) => string>> = {
  s: (column) => `${column} * 1000`,
  ms: (column) => column,
  us: (column) => `CAST(floor(${column} / 1000) AS BIGINT)`,
};

/**
 * Returns a function that reads the event time of a row, in epoch milliseconds, from the value at
 * `index`. It gives null if the value is not a time.
 */
export function eventTimeReader(eventTime: EventTime, index: number): (values: readonly Value[]) => number | null {
  const toMs = eventTime.kind === 'dateTime' ? TO_MS.ms : TO_MS[eventTime.unit];
  return (values) => {
    const value = values[index];
    if (typeof value !== 'number') return null;
    const timeMs = toMs(value);
    // Adding zero turns -0, which a computed column may hold, into 0.
    return Math.abs(timeMs) <= TIME_LIMIT_MS ? timeMs + 0 : null;
  };
}

/** SQL that converts a numeric column to epoch milliseconds. */
export function epochMsSql(unit: EpochUnit, column: string): string {
  return TO_MS_SQL[unit](column);
}

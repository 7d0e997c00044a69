import { type Column, type EventTime, eventTimeReader, type Value } from '@bifold/core/engine';

/**
 * Reads when a row happened, in epoch milliseconds; null where the row holds no time, and for all
 * rows of a stream without event time.
 */
export function rowTimeReader(
  eventTime: EventTime | null,
  columns: readonly Column[],
): (values: readonly Value[]) => number | null {
  if (eventTime === null) return () => null;
  return eventTimeReader(
    eventTime,
    columns.findIndex(({ name }) => name === eventTime.field),
  );
}

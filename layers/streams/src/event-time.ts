import { type Column, type EventTime, eventTimeReader, type Value } from '@bifold/core/engine';

/**
 * Returns a function that reads the event time of a row, in epoch milliseconds. It gives null if
 * the row has no time, or the stream has no event time.
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

import { type Column, type EventTime, TIME_LIMIT_MS, type Value } from '@bifold/core/engine';

/** When a row happened, in epoch milliseconds; null where its column holds no time. */
export function eventTimeReader(
  eventTime: EventTime,
  columns: readonly Column[],
): (values: readonly Value[]) => number | null {
  const at = columns.findIndex(({ name }) => name === eventTime.field);
  const toMs = scaleOf(eventTime);
  return (values) => {
    const value = values[at];
    const timeMs = typeof value === 'number' ? toMs(value) : Number.NaN;
    return Math.abs(timeMs) <= TIME_LIMIT_MS ? timeMs + 0 : null;
  };
}

function scaleOf(eventTime: EventTime): (value: number) => number {
  if (eventTime.kind === 'dateTime') return (value) => value;
  switch (eventTime.unit) {
    case 's':
      return (value) => value * 1000;
    case 'ms':
      return (value) => value;
    case 'us':
      return (value) => Math.floor(value / 1000);
  }
}

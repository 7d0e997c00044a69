import type { RowFilter, RowPosition } from '@bifold/core/engine';

/** Whether a row lies in the windows and starts of a filter; its keys are not looked at. */
export function matches(row: RowPosition, filter: RowFilter): boolean {
  return (
    (filter.window === null || row.window === filter.window) &&
    (filter.fromMs === null || row.startMs >= filter.fromMs) &&
    (filter.toMs === null || row.startMs < filter.toMs)
  );
}

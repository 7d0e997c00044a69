import type { RowFilter, RowPosition } from '@bifold/core/engine';

/** Whether a row matches the window and the starts of a filter. The keys are not compared. */
export function matches(row: RowPosition, filter: RowFilter): boolean {
  return (
    (filter.window === null || row.window === filter.window) &&
    (filter.fromMs === null || row.startMs >= filter.fromMs) &&
    (filter.toMs === null || row.startMs < filter.toMs)
  );
}

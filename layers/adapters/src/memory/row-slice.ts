import { comparePositions, type RowFilter, type RowPosition } from '@bifold/core/engine';
import { matches } from '../row-filter.ts';

/** The rows that match, in the order of `RowPosition`, strictly after `after`. */
export async function* sliceOf<R extends RowPosition>(
  rows: readonly R[],
  filter: RowFilter,
  after: RowPosition | null,
): AsyncGenerator<R> {
  const keys = filter.keys === null ? null : new Set(filter.keys);
  yield* rows
    .filter((row) => (keys === null || keys.has(row.key)) && matches(row, filter))
    .filter((row) => after === null || comparePositions(row, after) > 0)
    .sort(comparePositions);
}

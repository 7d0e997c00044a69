import type { Column } from '@bifold/core/engine';
import { UsageError } from '../errors.ts';

/** A cell that holds no value of its column; no cell where the file has no such column. */
export function badCell(column: Column, cell: string | undefined, place: string, nullText: string): UsageError {
  return new UsageError('BIFOLD_BAD_CELL', {
    failed: `${place} has no usable "${column.name}"`,
    received: cell === undefined ? 'no such column' : JSON.stringify(cell),
    allowed: `${column.type}${column.nullable ? `, or ${JSON.stringify(nullText)} for null` : ''}`,
    remedy: 'correct the line; --null names the text that stands for null',
  });
}

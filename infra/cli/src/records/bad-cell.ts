import { type CellOptions, NULL_TEXTS } from '@bifold/adapters/formats';
import type { Column } from '@bifold/core/engine';
import { UsageError } from '../errors.ts';

/** The error for a cell that does not fit its column, or for a missing column. */
export function badCell(
  column: Column,
  cell: string | undefined,
  place: string,
  { nullTexts = NULL_TEXTS }: CellOptions,
): UsageError {
  return new UsageError('BIFOLD_BAD_CELL', {
    failed: `${place} has no usable "${column.name}"`,
    received: cell === undefined ? 'no such column' : JSON.stringify(cell),
    allowed: `${column.type}${column.nullable ? `, or ${nullTexts.map((text) => JSON.stringify(text)).join(' or ')} for null` : ''}`,
    remedy: 'correct the line; --null names the text that stands for null',
  });
}

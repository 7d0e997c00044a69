import { hasLoneSurrogate } from '@bifold/adapters/formats';
import type { Column, Value } from '@bifold/core/engine';
import type { Batch } from '../ports.ts';
import type { RefusedRow } from './sink.ts';

export type Problem = Pick<RefusedRow, 'reason' | 'detail'>;

/** Separates the rows of a batch that a sink can take from the others. The order is kept. */
export function acceptedRows(
  batch: Batch,
  problemOf: (row: readonly Value[]) => Problem | null,
): { readonly rows: readonly (readonly Value[])[]; readonly refused: readonly RefusedRow[] } {
  const rows: (readonly Value[])[] = [];
  const refused: RefusedRow[] = [];
  for (const [index, row] of batch.rows.entries()) {
    const problem = problemOf(row);
    if (problem === null) rows.push(row);
    else refused.push({ index, ...problem });
  }
  return { rows, refused };
}

/** Half of a surrogate pair cannot be written as UTF-8. Another character would take its place. */
export function utf8Problem(columns: readonly Column[], row: readonly Value[]): Problem | null {
  const index = columns.findIndex(({ type }, at) => {
    const value = row[at];
    return typeof value === 'string' && (!value.isWellFormed() || (type === 'json' && hasLoneSurrogate(value)));
  });
  if (index < 0) return null;
  const name = JSON.stringify(columns[index]?.name);
  return { reason: 'not-utf8', detail: `${name} holds half of a surrogate pair, which UTF-8 cannot write` };
}

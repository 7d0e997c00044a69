import { stringify } from 'csv-stringify/sync';

/** One line of CSV with its end; what `csv.ts` reads as the same cells. */
export function csvLine(cells: readonly string[]): string {
  // A lone empty cell would be an empty line, which readers leave out.
  if (cells.length === 1 && cells[0] === '') return '""\n';
  return stringify([[...cells]], { quoted_match: /^\s|\s$|\r/ });
}

import type { Cells } from '../file-format.ts';

/** The characters that give CSV its structure. */
export interface Dialect {
  readonly delimiter: string;
  /** Encloses cells that hold delimiters or line ends. Null: quotes are content. */
  readonly quote: string | null;
}

export interface ParsedCells {
  readonly cells: Cells;
  /** Whether each cell was quoted. Null if no cell was quoted. */
  readonly quoted: readonly boolean[] | null;
}

/** The reason why a record cannot be parsed: its quotes are wrong. */
export interface QuoteProblem {
  readonly reason: string;
  /** Whether only the closing quote is missing. Then the next lines may complete the record. */
  readonly isOpen: boolean;
}

/** Parses the cells of one record. */
export function cellsOf(text: string, { delimiter, quote }: Dialect): ParsedCells | QuoteProblem {
  if (quote === null || !text.includes(quote)) return { cells: text.split(delimiter), quoted: null };
  const cells: string[] = [];
  const quoted: boolean[] = [];
  const problem = (what: string, isOpen: boolean): QuoteProblem => ({
    reason: `${what} (cell ${cells.length + 1})`,
    isOpen,
  });
  let at = 0;
  for (;;) {
    const isQuoted = text.startsWith(quote, at);
    const end = isQuoted ? closingQuote(text, at + 1, quote) : delimiterOrEnd(text, at, delimiter);
    if (end === null) return problem('a quote that is never closed', true);
    const cell = text.slice(isQuoted ? at + 1 : at, end);
    if (!isQuoted && cell.includes(quote)) return problem('a quote within a cell that does not begin with one', false);
    const after = isQuoted ? end + 1 : end;
    if (isQuoted && after < text.length && !text.startsWith(delimiter, after))
      return problem('text after the quote that ends a cell', false);
    cells.push(isQuoted ? cell.replaceAll(quote + quote, quote) : cell);
    quoted.push(isQuoted);
    if (after === text.length) return { cells, quoted: quoted.includes(true) ? quoted : null };
    at = after + delimiter.length;
  }
}

function delimiterOrEnd(text: string, from: number, delimiter: string): number {
  const end = text.indexOf(delimiter, from);
  return end < 0 ? text.length : end;
}

/** The position of the first quote that is not doubled. Null if there is none. */
function closingQuote(text: string, from: number, quote: string): number | null {
  for (let at = text.indexOf(quote, from); at >= 0; at = text.indexOf(quote, at + 2))
    if (!text.startsWith(quote, at + 1)) return at;
  return null;
}

/** Text that other programs may read differently unless it is quoted. */
const QUOTED = /["\r\n]|^\s|\s$/;

/**
 * One line of CSV, including its end. Reading it gives the same cells.
 *
 * @param quoted whether each cell is quoted even if its text needs no quotes
 */
export function csvLine(cells: Cells, delimiter = ',', quoted: readonly boolean[] = []): string {
  // A single empty cell would give an empty line, which readers skip.
  if (cells.length === 1 && cells[0] === '') return '""\n';
  const written = cells.map((cell, index) =>
    quoted[index] || cell.includes(delimiter) || QUOTED.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell,
  );
  return `${written.join(delimiter)}\n`;
}

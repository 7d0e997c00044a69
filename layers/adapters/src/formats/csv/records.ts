import type { Cells, Outcome } from '../file-format.ts';
import { type BrokenLine, ROW_BYTES_MAX, type TextLine } from '../text/text-lines.ts';
import { cellsOf, type Dialect, type ParsedCells, type QuoteProblem } from './cells.ts';

/**
 * Combines lines into records. If a record is damaged, only its first line is a bad row, and the
 * next line starts the next record. So a stray quote costs no other row.
 */
export interface RecordReader {
  take(line: TextLine): void;
  /** Ends the last record. */
  end(): void;
  /** The records since the last call. The first good one is the header. */
  taken(): Outcome<Cells>[];
}

/** A record whose last quoted cell is still open. */
interface OpenRecord {
  readonly line: number;
  readonly lines: TextLine[];
  bytes: number;
}

export function recordReader(dialect: Dialect, lineEnd: string): RecordReader {
  let found: Outcome<Cells>[] = [];
  let line = 0;
  let width: number | null = null;
  let open: OpenRecord | null = null;

  const bad = (at: number, raw: string, reason: string): void => {
    found.push({ line: at, raw, problem: 'unreadable', reason });
  };
  const broken = (at: number, { raw, problem, reason }: BrokenLine): void => {
    found.push({ line: at, raw, problem, reason });
  };
  const widthProblem = (count: number): string | null =>
    width === null || count === width ? null : `${count} cells, where the header has ${width}`;
  const give = (at: number, raw: string, { cells, quoted }: ParsedCells): void => {
    width ??= cells.length;
    if (cells.length !== width) bad(at, raw, widthProblem(cells.length) as string);
    else found.push(quoted === null ? { line: at, raw, content: cells } : { line: at, raw, content: cells, quoted });
  };

  const begin = (at: number, taken: TextLine): void => {
    const text = withoutReturn(textOf(taken));
    if (text === '' && typeof taken === 'string') return;
    const parsed = cellsOf(text, dialect);
    if (isOpen(parsed)) open = { line: at, lines: [taken], bytes: Buffer.byteLength(text) };
    else if (typeof taken !== 'string') broken(at, taken);
    else if ('reason' in parsed) bad(at, text, parsed.reason);
    else give(at, text, parsed);
  };

  /** Makes the first line of the open record a bad row, and reads the other lines again. */
  const abandon = ({ line: at, lines }: OpenRecord, reason: string): void => {
    open = null;
    const [first, ...rest] = lines as [TextLine, ...TextLine[]];
    if (typeof first === 'string') bad(at, withoutReturn(first), reason);
    else broken(at, first);
    for (const [index, each] of rest.entries()) next(at + index + 1, each);
  };

  /** Ends the open record after the line that completes its quotes. */
  const close = (record: OpenRecord): void => {
    const text = withoutReturn(record.lines.map(textOf).join(lineEnd));
    const parsed = cellsOf(text, dialect);
    const problem = 'reason' in parsed ? parsed.reason : widthProblem(parsed.cells.length);
    if (problem !== null) {
      abandon(record, `a quote opens here, and the row that it makes with the next lines has ${problem}`);
      return;
    }
    open = null;
    const notText = record.lines.find((each) => typeof each !== 'string');
    if (notText !== undefined) broken(record.line, { ...notText, raw: record.lines.map(rawOf).join(lineEnd) });
    else give(record.line, text, parsed as ParsedCells);
  };

  const next = (at: number, taken: TextLine): void => {
    if (open === null) {
      begin(at, taken);
      return;
    }
    open.lines.push(taken);
    const text = textOf(taken);
    open.bytes += Buffer.byteLength(text) + lineEnd.length;
    if (open.bytes > ROW_BYTES_MAX) abandon(open, 'a row of more than 16 MiB, or a quote that is never closed');
    else if (hasOddQuotes(text, dialect.quote as string)) close(open);
  };

  return {
    take: (taken) => next(++line, taken),
    end() {
      while (open !== null) abandon(open, 'a quote that is never closed');
    },
    taken() {
      const records = found;
      found = [];
      return records;
    },
  };
}

const isOpen = (parsed: ParsedCells | QuoteProblem): boolean => 'reason' in parsed && parsed.isOpen;
const textOf = (line: TextLine): string => (typeof line === 'string' ? line : line.text);
const rawOf = (line: TextLine): string => (typeof line === 'string' ? line : line.raw);
/** Lines end with a line feed alone or after a carriage return. */
const withoutReturn = (text: string): string => (text.endsWith('\r') ? text.slice(0, -1) : text);

function hasOddQuotes(text: string, quote: string): boolean {
  let isOdd = false;
  for (let at = text.indexOf(quote); at >= 0; at = text.indexOf(quote, at + 1)) isOdd = !isOdd;
  return isOdd;
}

import type { Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { UsageError } from '../errors.ts';
import { parseExactly } from '../exact-json.ts';

/** A row that could be read: cells of CSV, or a JSON object. `line` is where it begins, from 1. */
export interface Row<T> {
  readonly line: number;
  readonly raw: string;
  readonly content: T;
}

/** A row that could not. */
export interface BadRow {
  readonly line: number;
  readonly raw: string;
  readonly reason: string;
}

export type Outcome<T> = Row<T> | BadRow;

export function isBad(outcome: Outcome<unknown>): outcome is BadRow {
  return 'reason' in outcome;
}

export interface CsvRows {
  readonly header: readonly string[];
  readonly rows: AsyncIterable<Outcome<readonly string[]>>;
}

interface Parsed {
  readonly record: readonly string[];
  readonly raw: string;
  readonly info: { readonly lines: number };
}

/** Rows of CSV with as many cells as its header, a few in memory at a time. Reading goes on after a bad row. */
export async function readCsvRows(name: string, input: Readable, delimiter: string): Promise<CsvRows> {
  const skipped: BadRow[] = [];
  const parser = parse({
    ...{ bom: true, delimiter, info: true, raw: true, relax_column_count: true, skip_empty_lines: true },
    skip_records_with_error: true,
    max_record_size: ROW_BYTES_MAX,
    on_skip: (error, raw) => {
      if (error !== undefined && UNENDING.has(error.code)) {
        parser.destroy(unending(name, error.message));
        return undefined;
      }
      skipped.push({ line: Number(error?.lines ?? 0), raw: trimmed(raw ?? ''), reason: error?.message ?? 'not CSV' });
      return undefined;
    },
  });
  // A pipe does not carry errors along.
  input.on('error', (error) => parser.destroy(error));
  const parsed = (input.pipe(parser) as AsyncIterable<Parsed>)[Symbol.asyncIterator]();
  const first = await parsed.next();
  if (first.done) throw noHeader(name, skipped[0]?.reason ?? 'nothing');
  const header = first.value.record;
  const twice = header.find((column, index) => header.indexOf(column) !== index);
  if (twice !== undefined) throw noHeader(name, `two columns "${twice}"`);
  let { lines }: { lines: number } = first.value.info;

  async function* rows(): AsyncGenerator<Outcome<readonly string[]>> {
    for (;;) {
      const { done, value } = await parsed.next();
      if (done) {
        yield* skipped.splice(0);
        return;
      }
      const { record, raw, info } = value;
      const text = trimmed(raw);
      const line = Math.max(lines + 1, info.lines - text.split('\n').length + 1);
      lines = info.lines;
      // The parser skips ahead of the rows that it hands out.
      while (skipped[0] !== undefined && skipped[0].line < line) yield skipped.shift() as BadRow;
      yield record.length === header.length
        ? { line, raw: text, content: record }
        : { line, raw: text, reason: `${record.length} cells, where the header has ${header.length}` };
    }
  }
  return { header, rows: rows() };
}

/** JSON objects, one a line. */
export async function* readJsonRows(input: Readable): AsyncGenerator<Outcome<Readonly<Record<string, unknown>>>> {
  let line = 0;
  for await (const text of linesOf(input)) {
    line++;
    if (text.trim() === '') continue;
    try {
      const value = parseExactly(text);
      yield value !== null && typeof value === 'object' && text.trimStart().startsWith('{')
        ? { line, raw: text, content: value as Readonly<Record<string, unknown>> }
        : { line, raw: text, reason: 'no JSON object' };
    } catch (error) {
      yield { line, raw: text, reason: error instanceof Error ? error.message : 'no JSON' };
    }
  }
}

/** Lines of text, which end with a line feed alone, or after a carriage return: readline also ends them at U+2028, which JSON may hold as it is. */
export async function* linesOf(input: Readable): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of input as AsyncIterable<Uint8Array>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}

/** Without its end, and without the empty lines before it. */
const trimmed = (raw: string): string => raw.replace(/\r?\n$/, '').replace(/^(\r?\n)+/, '');

/** Errors after which nobody can say where the next row begins. */
const UNENDING = new Set(['CSV_INVALID_CLOSING_QUOTE', 'CSV_QUOTE_NOT_CLOSED', 'CSV_MAX_RECORD_SIZE']);
const ROW_BYTES_MAX = 16 * 1024 * 1024;

function unending(name: string, received: string): UsageError {
  return new UsageError('BIFOLD_CSV_UNREADABLE', {
    failed: `${name} cannot be read on: a quote leaves open where its row ends`,
    received,
    allowed: 'cells that hold quotes, commas or line ends between quotes, quotes within them doubled',
    remedy: 'correct that line; --delimiter says what stands between cells',
  });
}

function noHeader(name: string, received: string): UsageError {
  return new UsageError('BIFOLD_CSV_UNREADABLE', {
    failed: `${name} has no header that could be used`,
    received,
    allowed: 'CSV whose first line names each column once',
    remedy: 'correct the file, or give another one',
  });
}

import { Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { UsageError } from '../errors.ts';
import { parseExactly } from '../records/exact-json.ts';
import { utf8Of, visibleBytes } from '../records/record-text.ts';

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

/**
 * Rows of CSV with as many cells as its header, a few in memory at a time. Reading goes on after a
 * bad row.
 */
export async function readCsvRows(name: string, input: Readable, delimiter: string): Promise<CsvRows> {
  const skipped: BadRow[] = [];
  const parser = parse({
    bom: true,
    delimiter,
    info: true,
    raw: true,
    relax_column_count: true,
    skip_empty_lines: true,
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
  const text = Readable.from(decoded(name, input), { objectMode: false });
  // A pipe does not carry errors along.
  text.on('error', (error) => parser.destroy(error));
  const parsed = (text.pipe(parser) as AsyncIterable<Parsed>)[Symbol.asyncIterator]();
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
  for await (const bytes of linesOf(input)) {
    line++;
    const text = utf8Of(bytes);
    if (text === null) {
      yield { line, raw: visibleBytes(bytes), reason: 'no UTF-8' };
      continue;
    }
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

/**
 * The bytes of lines, which end with a line feed alone, or after a carriage return: readline also
 * ends them at U+2028, which JSON may hold as it is.
 */
export async function* linesOf(input: Readable): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  for await (const chunk of input as AsyncIterable<Uint8Array>) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let from = 0;
    for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, from)) {
      yield withoutReturn(
        rest.length === 0 ? bytes.subarray(from, at) : Buffer.concat([...rest, bytes.subarray(from, at)]),
      );
      rest = [];
      from = at + 1;
    }
    if (from < bytes.length) rest.push(bytes.subarray(from));
  }
  if (rest.length > 0) yield withoutReturn(Buffer.concat(rest));
}

const [LINE_FEED, CARRIAGE_RETURN] = [0x0a, 0x0d];

const withoutReturn = (line: Buffer): Buffer => (line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line);

/**
 * Text of bytes that must be UTF-8: decoded in any other way, they would be replaced without a
 * word.
 */
async function* decoded(name: string, input: Readable): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let read = 0;
  try {
    for await (const chunk of input as AsyncIterable<Uint8Array>) {
      yield decoder.decode(chunk, { stream: true });
      read += chunk.length;
    }
    yield decoder.decode();
  } catch (cause) {
    throw cause instanceof TypeError ? notUtf8(name, read) : cause;
  }
}

function notUtf8(name: string, read: number): UsageError {
  return new UsageError('BIFOLD_NOT_UTF8', {
    failed: `${name} cannot be read as text`,
    received: `bytes that are no UTF-8, after the first ${read}`,
    allowed: 'UTF-8',
    remedy: 'convert it first: iconv -f LATIN1 -t UTF-8',
  });
}

/** Without its end, and without the empty lines before it. */
const trimmed = (raw: string): string => raw.replace(/\r?\n$/, '').replace(/^(\r?\n)+/, '');

/** Errors after which the start of the next row is unknown. */
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

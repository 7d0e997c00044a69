import { extname } from 'node:path';
import { finished } from 'node:stream/promises';
import { textLiteral } from '@bifold/core/engine';
import { type Options, parse } from 'csv-parse';
import { parse as parseText } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { notUtf8, UnreadableFile, unendingRow, unusableHeader, unusableLine } from './errors.ts';
import { type Cells, type FileFormat, isBad, type OpenRows, type Outcome } from './file-format.ts';

const TAB_SEPARATED = '.tsv';

/** CSV with a header. Cells have no types. Types come from a schema, or are inferred. */
export const csv = {
  kind: 'csv',
  extensions: ['.csv', TAB_SEPARATED],
  async open(input, { delimiter = delimiterOf(input.name) }) {
    return openCsv(input.name, await input.open(), delimiter);
  },
  text(name) {
    const delimiter = delimiterOf(name);
    return {
      head: (columns) =>
        csvLine(
          columns.map((column) => column.name),
          delimiter,
        ),
      line: ({ cells }) => csvLine(cells, delimiter),
    };
  },
  copyOptions(path, nullText) {
    const nulls = nullText === null ? '' : `, NULLSTR ${textLiteral(nullText)}`;
    return `FORMAT csv, HEADER, DELIMITER ${textLiteral(delimiterOf(path))}${nulls}`;
  },
  hasTimes: false,
} as const satisfies FileFormat;

function delimiterOf(name: string): string {
  return extname(name).toLowerCase() === TAB_SEPARATED ? '\t' : ',';
}

/** One line of CSV, including its end. Reading it gives the same cells. */
export function csvLine(cells: Cells, delimiter = ','): string {
  // A single empty cell would give an empty line, which readers skip.
  if (cells.length === 1 && cells[0] === '') return '""\n';
  return stringify([[...cells]], { delimiter, quoted_match: /^\s|\s$|\r/ });
}

/**
 * Parses a small CSV text into rows by column name.
 *
 * @throws {UnreadableFile} naming the first line that is none
 */
export function parseCsv(text: string): Readonly<Record<string, string>>[] {
  const found: Parsed[] = [];
  parseText(
    text,
    parserOptions('the CSV', ',', (each) => found.push(each)),
  );
  const [first, ...lines] = found.map(orThrow);
  const header = headerOf('the CSV', first);
  return lines.map((line) => {
    const row = underHeader(header, line);
    if (isBad(row)) throw unusableLine('the CSV', row);
    return Object.fromEntries(header.map((name, index) => [name, row.content[index]])) as Record<string, string>;
  });
}

async function openCsv(name: string, input: AsyncIterable<Uint8Array>, delimiter: string): Promise<OpenRows> {
  const batches = batchesOf(name, input, delimiter);
  let first: readonly Outcome<Cells>[] = [];
  while (first.length === 0) {
    const { done, value } = await batches.next();
    if (done) break;
    first = value;
  }
  let header: Cells;
  try {
    header = headerOf(name, first[0]);
  } catch (error) {
    await batches.return(undefined);
    throw error;
  }
  const rows = async function* () {
    yield first.slice(1).map((row) => underHeader(header, row));
    for await (const batch of batches) yield batch.map((row) => underHeader(header, row));
  };
  return { header, batches: rows() };
}

/** The column names of the header. Empty if the file is empty. */
function headerOf(name: string, first: Outcome<Cells> | undefined): Cells {
  if (first === undefined) return [];
  if (isBad(first)) throw unusableHeader(name, first.reason);
  const header = first.content;
  const twice = header.find((column, index) => header.indexOf(column) !== index);
  if (twice !== undefined) throw unusableHeader(name, `two columns "${twice}"`);
  return header;
}

/** Checks that a row has as many cells as the header. */
function underHeader(header: Cells, row: Outcome<Cells>): Outcome<Cells> {
  if (isBad(row) || row.content.length === header.length) return row;
  const reason = `${row.content.length} cells, where the header has ${header.length}`;
  return { line: row.line, raw: row.raw, problem: 'unreadable', reason };
}

/** A row from the parser, or the error that stops it. */
type Parsed = Outcome<Cells> | UnreadableFile;

function orThrow(parsed: Parsed): Outcome<Cells> {
  if (parsed instanceof UnreadableFile) throw parsed;
  return parsed;
}

/**
 * The rows of a text, in batches. It returns all rows before it reads on, and before an error. So
 * the same bytes always give the same rows.
 */
async function* batchesOf(
  name: string,
  input: AsyncIterable<Uint8Array>,
  delimiter: string,
): AsyncGenerator<readonly Outcome<Cells>[]> {
  const found: Parsed[] = [];
  const parser = parse(parserOptions(name, delimiter, (each) => found.push(each)));
  const ended = finished(parser, { readable: false });
  // Awaited below, unless the reader stops earlier.
  ended.catch(() => undefined);
  const isUtf8 = utf8Check();
  let [readBytes, line] = [0, 1];
  for await (const chunk of input) {
    if (!isUtf8(chunk)) throw notUtf8(name, line, readBytes);
    parser.write(chunk);
    readBytes += chunk.length;
    line = (found.at(-1)?.line ?? line - 1) + 1;
    yield* takenFrom(found);
  }
  if (!isUtf8(null)) throw notUtf8(name, line, readBytes);
  parser.end();
  await ended;
  yield* takenFrom(found);
}

function* takenFrom(found: Parsed[]): Generator<readonly Outcome<Cells>[]> {
  const taken = found.splice(0);
  const last = taken.at(-1);
  // The parser returns nothing after an error.
  if (!(last instanceof UnreadableFile)) yield taken as Outcome<Cells>[];
  else {
    yield taken.slice(0, -1) as Outcome<Cells>[];
    throw last;
  }
}

/**
 * Returns a check whether the bytes so far are UTF-8. It is called per chunk, and with null at the
 * end.
 */
function utf8Check(): (chunk: Uint8Array | null) => boolean {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  return (chunk) => {
    try {
      if (chunk === null) decoder.decode();
      else decoder.decode(chunk, { stream: true });
      return true;
    } catch {
      return false;
    }
  };
}

/** Errors after which the start of the next row is unknown. */
const BROKEN_QUOTES = new Set(['CSV_INVALID_CLOSING_QUOTE', 'CSV_QUOTE_NOT_CLOSED', 'CSV_MAX_RECORD_SIZE']);
/** The limit of the text that is buffered while searching for a closing quote. */
const ROW_BYTES_MAX = 16 * 1024 * 1024;

interface GivenRecord {
  readonly record: Cells;
  readonly raw: string;
  readonly info: { readonly lines: number };
}

/** Options of the parser. `found` receives rows and errors in the order of the text. */
function parserOptions(name: string, delimiter: string, found: (parsed: Parsed) => void): Options {
  let lastLine = 0;
  let isOver = false;
  const give = (parsed: Parsed): void => {
    if (!isOver) found(parsed);
  };
  /** The first line of a row, from its last line. */
  const begunAt = (text: string, endLine: number): number => {
    const line = Math.max(lastLine + 1, endLine - text.split('\n').length + 1);
    lastLine = endLine;
    return line;
  };
  return {
    bom: true,
    delimiter,
    info: true,
    raw: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: ROW_BYTES_MAX,
    on_record(given) {
      // The library's types lack `info` and `raw`.
      const { record, raw, info } = given as unknown as GivenRecord;
      const text = trimmed(raw);
      give({ line: begunAt(text, info.lines), raw: text, content: record });
      // `found` has received the row, so the parser need not keep it.
      return null;
    },
    on_skip(error, raw = '') {
      const text = trimmed(raw);
      const line = begunAt(text, Number(error?.lines ?? lastLine));
      const reason = error?.message ?? 'not CSV';
      if (error !== undefined && BROKEN_QUOTES.has(error.code)) {
        give(unendingRow(name, line, reason));
        isOver = true;
      } else give({ line, raw: text, problem: 'unreadable', reason });
      return undefined;
    },
  };
}

/** Removes the line end, and empty lines in front. */
const trimmed = (raw: string): string => raw.replace(/\r?\n$/, '').replace(/^(\r?\n)+/, '');

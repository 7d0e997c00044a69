import { closeSync, createReadStream, createWriteStream, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UsageError } from '../errors.ts';
import { write } from '../output/terminal.ts';
import { csvLine } from '../records/csv-text.ts';
import { STANDARD_INPUT } from '../records/input-files.ts';
import type { TypedColumn } from './cell-types.ts';
import { inference } from './inference.ts';
import { cellsWriter, type NullTexts, objectReader } from './row-types.ts';
import { type BadRow, isBad, type Outcome, readCsvRows, readJsonRows } from './rows.ts';

export type RowFormat = 'csv' | 'json';

/** A source of rows; standard input can be read only once. */
export interface RowSource {
  readonly path: string;
  readonly format: RowFormat;
  readonly delimiter: string;
  readonly nullTexts: NullTexts;
}

type CsvContent = readonly string[];
type JsonContent = Readonly<Record<string, unknown>>;

/** Rows under way: of CSV with its header, or JSON objects. */
export interface OpenRows {
  readonly header: readonly string[] | null;
  readonly rows: AsyncIterable<Outcome<CsvContent | JsonContent>>;
}

export async function openRows({ path, format, delimiter }: RowSource): Promise<OpenRows> {
  const input = path === STANDARD_INPUT ? process.stdin : createReadStream(path);
  try {
    if (format === 'json') return { header: null, rows: readable(path, readJsonRows(input)) };
    const { header, rows } = await readCsvRows(basename(path), input, delimiter);
    return { header, rows: readable(path, rows) };
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function* readable<T>(path: string, rows: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* rows;
  } catch (error) {
    throw unreadable(path, error);
  }
}

/**
 * The columns that rows have, from all of them or from the first ones, and rows to be read with
 * them.
 */
export async function inferred(
  source: RowSource,
  sampleRows: number,
): Promise<{ readonly columns: readonly TypedColumn[]; readonly open: () => Promise<OpenRows> }> {
  const opened = await openRows(source);
  const learnt = inference(opened.header ?? [], new Set(source.nullTexts));
  const isOnce = source.path === STANDARD_INPUT;
  const kept: Outcome<CsvContent | JsonContent>[] = [];
  const rows = opened.rows[Symbol.asyncIterator]();
  let isSample = false;
  for (let count = 0; ; ) {
    if (count >= sampleRows) {
      isSample = true;
      break;
    }
    const { done, value } = await rows.next();
    if (done) break;
    if (isOnce) kept.push(value);
    if (isBad(value)) continue;
    count++;
    if (opened.header === null) learnt.addObject(value.content as JsonContent);
    else learnt.addCells(value.content as CsvContent);
  }
  if (!isOnce) await rows.return?.(undefined);
  const columns = learnt.columns();
  if (columns.length === 0) throw noColumns(source.path);
  return {
    // The sample has no null, but later rows may.
    columns: isSample ? columns.map((column) => ({ ...column, nullable: true })) : columns,
    open: isOnce
      ? async () => ({
          header: opened.header,
          rows: (async function* () {
            yield* kept.splice(0);
            yield* { [Symbol.asyncIterator]: () => rows };
          })(),
        })
      : () => openRows(source),
  };
}

export interface Converted {
  readonly rows: number;
  readonly bad: number;
}

/**
 * Rows as lines of text, in the other format or the same; what cannot be converted goes to `onBad`.
 */
async function* converted(
  { header, rows }: OpenRows,
  columns: readonly TypedColumn[],
  to: RowFormat,
  nullTexts: NullTexts,
  onBad: (bad: BadRow) => void,
  onRow: () => void,
): AsyncGenerator<string> {
  const toObject = header === null ? null : objectReader(header, columns, nullTexts);
  const toCells = cellsWriter(columns, nullTexts);
  let text = to === 'csv' ? csvLine(columns.map(({ name }) => name)) : '';
  for await (const outcome of rows) {
    if (isBad(outcome)) {
      onBad(outcome);
      continue;
    }
    const { line, raw, content } = outcome;
    const object = toObject === null ? (content as JsonContent) : toObject(content as CsvContent);
    const cells = typeof object === 'string' ? object : toCells(object);
    if (typeof object === 'string' || typeof cells === 'string') {
      onBad({ line, raw, reason: String(typeof object === 'string' ? object : cells) });
      continue;
    }
    onRow();
    text += to === 'csv' ? csvLine(cells) : `${JSON.stringify(object)}\n`;
    if (text.length >= CHUNK_LENGTH) {
      yield text;
      text = '';
    }
  }
  yield text;
}

const CHUNK_LENGTH = 64 * 1024;

/**
 * Converts row by row, never more than a few in memory. A file is there whole or not at all; bad
 * rows are in `rejectsFile`, which is not there when there are none.
 */
export async function convertRows(
  opened: OpenRows,
  columns: readonly TypedColumn[],
  { output, to, nullTexts, rejectsFile }: ConversionTarget,
): Promise<Converted> {
  let [rows, bad] = [0, 0];
  let rejects: number | null = null;
  rmSync(rejectsFile, { force: true });
  const onBad = ({ line, reason, raw }: BadRow): void => {
    bad++;
    rejects ??= openSync(rejectsFile, 'w');
    writeSync(rejects, `${JSON.stringify({ line, reason, row: raw })}\n`);
  };
  const lines = converted(opened, columns, to, nullTexts, onBad, () => rows++);
  try {
    if (output === null) for await (const text of lines) await write(text);
    else await writeWhole(output, lines);
  } finally {
    if (rejects !== null) closeSync(rejects);
  }
  return { rows, bad };
}

export interface ConversionTarget {
  /** Null for standard output. */
  readonly output: string | null;
  readonly to: RowFormat;
  readonly nullTexts: NullTexts;
  readonly rejectsFile: string;
}

async function writeWhole(path: string, lines: AsyncIterable<string>): Promise<void> {
  const draft = `${path}.${process.pid}.part`;
  try {
    await pipeline(Readable.from(lines), createWriteStream(draft));
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

function unreadable(path: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || !('syscall' in cause)) return cause;
  return new UsageError(
    'BIFOLD_FILE_UNREADABLE',
    {
      failed: `${path} cannot be read`,
      received: cause.message,
      allowed: 'a file of CSV with a header, or of JSON lines; - for standard input',
      remedy: 'correct the path',
    },
    { cause },
  );
}

function noColumns(path: string): UsageError {
  return new UsageError('BIFOLD_NO_ROWS', {
    failed: `${path} has no rows to infer columns from`,
    received: 'no row that could be read',
    allowed: 'CSV with a header, or JSON objects, one a line',
    remedy: 'look at the file; an array of JSON is made lines of by jq -c ".[]"',
  });
}

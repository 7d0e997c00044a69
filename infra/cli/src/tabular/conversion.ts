import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import {
  type BadRow,
  type CellOptions,
  type CheckedRow,
  cellsWriter,
  type FormatKind,
  formatOfKind,
  inferRows,
  isBad,
  localInput,
  type OpenRows,
  openTyped,
  type RowInput,
  type TextOptions,
  type TypedColumn,
  textOf,
  typedRows,
  writeRows,
} from '@bifold/adapters/formats';
import { UsageError } from '../errors.ts';
import { warn, write } from '../output/terminal.ts';
import { STANDARD_INPUT } from '../records/input-files.ts';

const STANDARD_OUTPUT = 'standard output';

/** A source of rows; standard input can be read only once. */
export interface RowSource extends TextOptions {
  readonly path: string;
  readonly format: FormatKind;
}

/** Opens a file with known columns. */
export async function openRows(source: RowSource): Promise<OpenRows> {
  return opening(source.path, () => openTyped(formatOfKind(source.format), inputOf(source.path), source));
}

/** Infers columns from all rows or from the first ones, and returns them with the rows. */
export async function inferred(
  source: RowSource,
  sampleRows: number,
): Promise<{ readonly columns: readonly TypedColumn[]; readonly open: () => Promise<OpenRows> }> {
  const { path, format } = source;
  const found = await inferRows(formatOfKind(format), inputOf(path), { ...source, sampleRows }).catch((error) => {
    throw unreadable(path, error);
  });
  if (found.columns.length === 0) throw noColumns(path);
  for (const note of found.notes) warn(note);
  return { columns: found.columns, open: () => opening(path, () => found.open()) };
}

function inputOf(path: string): RowInput {
  if (path !== STANDARD_INPUT) return localInput(path, basename(path));
  return { name: path, path: null, open: async () => process.stdin };
}

/** Opens rows. An unreadable file is a usage error, when it is opened and while it is read. */
async function opening(path: string, open: () => Promise<OpenRows>): Promise<OpenRows> {
  try {
    const opened = await open();
    return { ...opened, batches: readable(path, opened.batches) };
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function* readable<T>(path: string, batches: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* batches;
  } catch (error) {
    throw unreadable(path, error);
  }
}

export interface Converted {
  readonly rows: number;
  readonly bad: number;
}

export interface ConversionTarget extends CellOptions {
  /** Null for standard output. */
  readonly output: string | null;
  readonly to: FormatKind;
  readonly rejectsFile: string;
}

/**
 * Converts row by row, with few rows in memory. The output file appears only when it is complete.
 * Bad rows are in `rejectsFile`, which exists only if there are any.
 */
export async function convertRows(
  opened: OpenRows,
  columns: readonly TypedColumn[],
  { output, to, rejectsFile, ...cells }: ConversionTarget,
): Promise<Converted> {
  let [rows, bad] = [0, 0];
  let rejects: number | null = null;
  rmSync(rejectsFile, { force: true });
  const onBad = ({ line, reason, raw }: RejectedRow): void => {
    bad++;
    rejects ??= openSync(rejectsFile, 'w');
    writeSync(rejects, `${JSON.stringify({ line, reason, row: raw })}\n`);
  };
  const format = formatOfKind(to);
  const checked = fittingRows(opened, columns, {
    read: cells,
    written: writtenAs(cells, to, output),
    unfit: format.unfit(columns),
    onBad,
    onRow: () => rows++,
  });
  try {
    if (output !== null) await writeRows(format, output, columns, checked);
    else if (format.text === null) throw new TypeError(`${to} is not written to standard output`);
    else for await (const text of textOf(format.text(STANDARD_OUTPUT, columns), checked)) await write(text);
  } finally {
    if (rejects !== null) closeSync(rejects);
  }
  return { rows, bad };
}

/** Only CSV has texts for null. Its decimal commas need another delimiter. */
function writtenAs(cells: CellOptions, to: FormatKind, output: string | null): CellOptions {
  if (to !== 'csv') return { nullTexts: [] };
  return { ...cells, decimalComma: cells.decimalComma === true && /\.tsv$/i.test(output ?? '') };
}

type RejectedRow = Pick<BadRow, 'line' | 'raw' | 'reason'>;

interface Fitting {
  readonly read: CellOptions;
  readonly written: CellOptions;
  /** Says why the target's format cannot hold a row. */
  readonly unfit: (row: CheckedRow) => string | null;
  readonly onBad: (bad: RejectedRow) => void;
  readonly onRow: () => void;
}

/** The rows that fit the columns and the target. `onBad` receives the others. */
async function* fittingRows(
  opened: OpenRows,
  columns: readonly TypedColumn[],
  { read, written, unfit, onBad, onRow }: Fitting,
): AsyncGenerator<CheckedRow> {
  const toCells = cellsWriter(columns, written);
  for await (const row of typedRows(opened, columns, read)) {
    if (isBad(row)) {
      onBad(row);
      continue;
    }
    const cells = toCells(row.content);
    const checked = typeof cells === 'string' ? null : { fields: row.content, ...cells };
    const reason = checked === null ? (cells as string) : unfit(checked);
    if (checked === null || reason !== null) {
      onBad({ line: row.line, raw: row.raw, reason: reason as string });
      continue;
    }
    onRow();
    yield checked;
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

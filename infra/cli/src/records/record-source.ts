import {
  type BadRow,
  FORMAT_KINDS,
  type FormatKind,
  formatOfKind,
  formatOfName,
  inferRows,
  isBad,
  jsonText,
  linesOf,
  openSchemaRows,
  type TextOptions,
  typedRows,
  utf8Bytes,
  utf8Of,
} from '@bifold/adapters/formats';
import type { Column } from '@bifold/core/engine';
import { UsageError } from '../errors.ts';
import { type BatchLimit, batchBytesOf, type RecordHeaders, refuseTooLarge } from '../kafka/producers/batch-limit.ts';
import { type KeyedRecord, keyOf } from '../kafka/producers/produce.ts';
import { badCell } from './bad-cell.ts';
import type { InputFile } from './input-files.ts';
import { visibleBytes } from './record-text.ts';

/** The content of a file: lines of text, or rows. Lines of JSON are sent as they are. */
export type ValueFormat = 'text' | FormatKind;
export const VALUE_FORMATS: readonly ValueFormat[] = ['text', ...FORMAT_KINDS];

export interface SourceOptions {
  /** The format. Null: by the extension of each file, otherwise `fallback`. */
  readonly format: ValueFormat | null;
  readonly fallback: ValueFormat;
  /** Whether a pipeline reads the records. Lines of text must then be JSON. */
  readonly isJsonNeeded: boolean;
  /** The columns of a pipeline's topic. Null: types of CSV are inferred. */
  readonly columns: readonly Column[] | null;
  /** Fields that a record may omit. In CSV, empty ones are omitted. */
  readonly optional: ReadonlySet<string>;
  /** The field whose text is the key; null for none. */
  readonly keyField: string | null;
  /** Whether each record must have that field. */
  readonly needsKey: boolean;
  /** The separator of key and value in a line; null if lines are values. */
  readonly keySeparator: string | null;
  /** How files of rows are read. */
  readonly reading: TextOptions;
  /** Receives remarks on a file. */
  readonly onNote?: (note: string) => void;
  /** Whether to send lines unchanged, even if they are not JSON. */
  readonly isRaw: boolean;
  /** The headers that every record gets. */
  readonly headers: RecordHeaders;
  /** The limit of the topic. Null if the topic does not exist yet. */
  readonly limit: BatchLimit | null;
}

/** A record of a file, and the line where it begins. */
interface PlacedRecord extends KeyedRecord {
  readonly line: number;
}

/** The records of files, without an invalid one. */
export interface Checked {
  readonly records: number;
  /** The size of a batch that holds only the largest record. */
  readonly largestBatchBytes: number;
}

/**
 * Checks all lines of files in the way they will be sent.
 *
 * @throws {UsageError} naming the first line that is no record, or too large for the topic
 */
export async function checkedRecords(files: readonly InputFile[], options: SourceOptions): Promise<Checked> {
  const { headers } = options;
  let records = 0;
  let largestBatchBytes = 0;
  for await (const record of recordsOfFiles(files, options)) {
    records++;
    largestBatchBytes = Math.max(largestBatchBytes, batchBytesOf({ ...record, headers }));
  }
  return { records, largestBatchBytes };
}

/**
 * The records of files, one file after another. An error names the invalid line, after the records
 * before it.
 *
 * @throws {UsageError} naming the line that is no record, or too large for the topic; those before
 * it were given
 */
export async function* recordsOfFiles(
  files: readonly InputFile[],
  options: SourceOptions,
): AsyncGenerator<KeyedRecord> {
  const { limit, headers } = options;
  for (const file of files)
    for await (const { key, value, line } of recordsOf(file, options)) {
      if (limit !== null)
        refuseTooLarge({ key, value, headers }, limit, `line ${line} of ${file.name}`, linesBefore(file));
      yield { key, value };
    }
}

function recordsOf(file: InputFile, options: SourceOptions): AsyncGenerator<PlacedRecord> {
  const named = options.format ?? formatOf(file.name) ?? options.fallback;
  // A pipeline folds only JSON, regardless of the extension.
  const format = named === 'text' && options.isJsonNeeded ? 'json' : named;
  if (format === 'json' || format === 'text') return ofLines(file, format, options);
  if (options.columns !== null) return ofSchemaRows(file, format, options.columns, options);
  return ofInferredRows(file, format, options);
}

function formatOf(name: string): ValueFormat | null {
  return /\.(txt|log)$/i.test(name) ? 'text' : (formatOfName(name)?.kind ?? null);
}

async function* ofLines(
  file: InputFile,
  format: 'json' | 'text',
  { keySeparator, keyField, needsKey, isRaw, reading }: SourceOptions,
): AsyncGenerator<PlacedRecord> {
  let line = 0;
  for await (const bytes of linesOf(await textOfFile(file, isRaw, reading))) {
    line++;
    if (bytes.length === 0) continue;
    const text = utf8Of(bytes);
    if (text === null) {
      if (!isRaw) throw notUtf8(file, line, bytes);
      yield { key: null, value: bytes, line };
      continue;
    }
    const at = keySeparator === null ? -1 : text.indexOf(keySeparator);
    if (keySeparator !== null && at < 0 && !isRaw) throw noSeparator(file, line, text, keySeparator);
    const key = keySeparator === null || at < 0 ? null : text.slice(0, at);
    const value = keySeparator === null || at < 0 ? text : text.slice(at + keySeparator.length);
    if (format === 'text') {
      yield { key, value, line };
      continue;
    }
    const record = parsed(file, value, line, isRaw);
    if (keySeparator !== null) yield { key, value, line };
    else yield { key: keyed(file, record, line, keyField, needsKey && !isRaw), value, line };
  }
}

/** The bytes of a file. With --raw they are sent as they are, unless an encoding is named. */
async function textOfFile(
  file: InputFile,
  isRaw: boolean,
  { encoding }: TextOptions,
): Promise<AsyncIterable<Uint8Array>> {
  const bytes = await file.open();
  return isRaw && encoding === undefined ? bytes : utf8Bytes(bytes, encoding);
}

/** Types from the schema of the pipeline. */
async function* ofSchemaRows(
  file: InputFile,
  format: FormatKind,
  columns: readonly Column[],
  { keyField, needsKey, reading, optional, onNote }: SourceOptions,
): AsyncGenerator<PlacedRecord> {
  const { batches, notes } = await openSchemaRows(formatOfKind(format), file, { columns, optional }, reading);
  for (const note of notes) onNote?.(note);
  for await (const batch of batches) {
    for (const row of batch) {
      if (isBad(row)) throw badRow(file, row);
      const { line, content } = row;
      const { misfit } = content;
      if (misfit !== null) throw badCell(misfit.column, misfit.cell, `line ${line} of ${file.name}`, reading);
      const { record } = content;
      yield { key: keyed(file, record, line, keyField, needsKey), value: JSON.stringify(record), line };
    }
  }
}

/** Types from all rows of the file. */
async function* ofInferredRows(
  file: InputFile,
  format: FormatKind,
  { keyField, needsKey, reading, onNote }: SourceOptions,
): AsyncGenerator<PlacedRecord> {
  const { columns, open, notes } = await inferRows(formatOfKind(format), file, reading);
  for (const note of notes) onNote?.(note);
  const { line } = jsonText(columns);
  for await (const row of typedRows(await open(), columns, reading)) {
    if (isBad(row)) throw badRow(file, row);
    const value = line({ fields: row.content, cells: [] }).trimEnd();
    yield { key: keyed(file, row.content, row.line, keyField, needsKey), value, line: row.line };
  }
}

/** The fate of the lines before an invalid one: a file is checked before any record is sent. */
const linesBefore = ({ address }: InputFile): string =>
  address === null ? 'the lines before it are sent' : 'nothing was sent';

function keyed(file: InputFile, record: unknown, line: number, field: string | null, isNeeded: boolean): string | null {
  if (field === null) return null;
  const key = keyOf(record, field);
  if (!isNeeded || key !== null) return key;
  throw new UsageError('BIFOLD_NO_KEY', {
    failed: `line ${line} of ${file.name} has no key`,
    received: `a record without "${field}"`,
    allowed: 'records that have the field which --key names',
    remedy: `correct --key or the line; ${linesBefore(file)}`,
  });
}

function parsed(file: InputFile, text: string, line: number, isRaw: boolean): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (isRaw) return null;
    throw new UsageError(
      'BIFOLD_BAD_JSON_LINE',
      {
        failed: `line ${line} of ${file.name} is no record`,
        received: text.slice(0, 120),
        allowed: 'one JSON text a line',
        remedy: `correct the line, or send it as it is with --raw; ${linesBefore(file)}`,
      },
      { cause },
    );
  }
}

function notUtf8(file: InputFile, line: number, bytes: Uint8Array): UsageError {
  return new UsageError('BIFOLD_NOT_UTF8', {
    failed: `line ${line} of ${file.name} is no text`,
    received: visibleBytes(bytes.subarray(0, 40)),
    allowed: 'UTF-8',
    remedy: `convert the file, or send the bytes of the line as they are with --raw; ${linesBefore(file)}`,
  });
}

function noSeparator(file: InputFile, line: number, text: string, separator: string): UsageError {
  return new UsageError('BIFOLD_NO_KEY', {
    failed: `line ${line} of ${file.name} has no key`,
    received: text.slice(0, 120),
    allowed: `key${separator}value`,
    remedy: `correct the line or --key-separator; ${linesBefore(file)}`,
  });
}

function badRow(file: InputFile, { line, reason, raw }: BadRow): UsageError {
  return new UsageError('BIFOLD_BAD_CELL', {
    failed: `line ${line} of ${file.name} is no record: ${reason}`,
    received: raw.slice(0, 120),
    allowed: 'rows as the header says',
    remedy: `correct the line; npx bifold convert separates bad rows from the others; ${linesBefore(file)}`,
  });
}

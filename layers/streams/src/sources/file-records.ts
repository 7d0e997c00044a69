import {
  type BadRow,
  type FormatKind,
  formatOfKind,
  isBad,
  localInput,
  type Outcome,
  openSchemaRows,
  type SchemaRecord,
  type TextOptions,
  UnreadableFile,
} from '@bifold/adapters/formats';
import { type Column, type EventSchema, optionalFieldsOf } from '@bifold/core/engine';
import { partitionRecordValue, partitionValues } from '../partitions.ts';

/** The format and the schema of files, and how their text is read. */
export interface FileOptions {
  readonly format: FormatKind;
  readonly schema: EventSchema;
  readonly csv: TextOptions;
}

/** A row of a file as a JSON record, or the reason why it is invalid. */
export interface FileRecord {
  /** The first line of the row, from 1, including a header. */
  readonly line: number;
  readonly record: unknown;
  readonly problem: {
    readonly reason: BadRow['problem'];
    readonly detail: string;
  } | null;
}

const DETAIL_LENGTH = 80;

interface FileName {
  readonly path: string;
  /** The path below the folder of the source. */
  readonly relativePath: string;
}

/**
 * The records of a file, in order. Each read returns the same records, even if the file is damaged.
 * Columns that the folders above the file name have their values from there.
 */
export async function* readRecords(
  file: FileName,
  options: FileOptions,
  columns: readonly Column[],
): AsyncGenerator<readonly FileRecord[]> {
  try {
    const { batches, fromPath } = await openFile(file, options, columns);
    for await (const batch of batches) yield batch.map((row) => recordOf(row, fromPath));
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    // The stream continues with the next file.
    const detail = `not read from here on: ${error.explanation.received}`;
    yield [{ line: error.line, record: null, problem: { reason: 'unreadable', detail } }];
  }
}

/** @throws {UnreadableFile} if the header of the file lacks columns of the schema */
export async function checkHeader(file: FileName, options: FileOptions, columns: readonly Column[]): Promise<void> {
  try {
    const { close } = await openFile(file, options, columns);
    await close();
  } catch (error) {
    // A file that is damaged otherwise is set aside when it is read.
    if (!(error instanceof UnreadableFile) || error.code === 'BIFOLD_MISSING_COLUMN') throw error;
  }
}

async function openFile(
  { path, relativePath }: FileName,
  { format, csv, schema }: FileOptions,
  columns: readonly Column[],
) {
  const folders = partitionValues(relativePath);
  const fromFile = columns.filter(({ name }) => !folders.has(name));
  const fromPath = columns.flatMap((column) => {
    const text = folders.get(column.name);
    return text === undefined ? [] : [[column.name, partitionRecordValue(column, text)] as const];
  });
  const fileSchema = { columns: fromFile, optional: optionalFieldsOf('the files', schema) };
  const opened = await openSchemaRows(formatOfKind(format), localInput(path), fileSchema, csv);
  return { ...opened, fromPath };
}

function recordOf(row: Outcome<SchemaRecord>, fromPath: readonly (readonly [string, unknown])[]): FileRecord {
  if (!isBad(row)) {
    // The schema refuses a cell that does not fit its column.
    const { record } = row.content;
    const whole = fromPath.length === 0 ? record : Object.fromEntries([...Object.entries(record), ...fromPath]);
    return { line: row.line, record: whole, problem: null };
  }
  const { line, raw, problem: reason } = row;
  const detail = reason === 'not-an-object' ? raw.slice(0, DETAIL_LENGTH) : row.reason;
  return { line, record: null, problem: { reason, detail } };
}

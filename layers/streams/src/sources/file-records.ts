import {
  type BadRow,
  type FormatKind,
  formatOfKind,
  isBad,
  localInput,
  type Outcome,
  openSchemaRows,
  type SchemaRecord,
  UnreadableFile,
} from '@bifold/adapters/formats';
import type { Column } from '@bifold/core/engine';
import { partitionRecordValue, partitionValues } from '../partitions.ts';

/** The format of files, and how CSV is read. */
export interface FileOptions {
  readonly format: FormatKind;
  readonly csv: {
    readonly delimiter: string;
    /** The text that stands for null; an empty cell of a nullable column is null too. */
    readonly nullText: string;
  };
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

/**
 * The records of a file, in order. Each read returns the same records, even if the file is damaged.
 * Columns that the folders above the file name have their values from there.
 */
export async function* readRecords(
  { path, relativePath }: { readonly path: string; readonly relativePath: string },
  { format, csv }: FileOptions,
  columns: readonly Column[],
): AsyncGenerator<readonly FileRecord[]> {
  const folders = partitionValues(relativePath);
  const fromFile = columns.filter(({ name }) => !folders.has(name));
  const fromPath = columns.flatMap((column) => {
    const text = folders.get(column.name);
    return text === undefined ? [] : [[column.name, partitionRecordValue(column, text)] as const];
  });
  try {
    const { batches } = await openSchemaRows(formatOfKind(format), localInput(path), fromFile, csv);
    for await (const batch of batches) yield batch.map((row) => recordOf(row, fromPath));
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    // The stream continues with the next file.
    const detail = `not read from here on: ${error.explanation.received}`;
    yield [{ line: error.line, record: null, problem: { reason: 'unreadable', detail } }];
  }
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

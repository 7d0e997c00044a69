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
 */
export async function* readRecords(
  path: string,
  { format, csv }: FileOptions,
  columns: readonly Column[],
): AsyncGenerator<readonly FileRecord[]> {
  try {
    const { batches } = await openSchemaRows(formatOfKind(format), localInput(path), columns, csv);
    for await (const batch of batches) yield batch.map(recordOf);
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    // The stream continues with the next file.
    const detail = `not read from here on: ${error.explanation.received}`;
    yield [{ line: error.line, record: null, problem: { reason: 'unreadable', detail } }];
  }
}

function recordOf(row: Outcome<SchemaRecord>): FileRecord {
  // The schema refuses a cell that does not fit its column.
  if (!isBad(row)) return { line: row.line, record: row.content.record, problem: null };
  const { line, raw, problem: reason } = row;
  const detail = reason === 'not-an-object' ? raw.slice(0, DETAIL_LENGTH) : row.reason;
  return { line, record: null, problem: { reason, detail } };
}

import {
  formatOfKind,
  isBad,
  localInput,
  type Outcome,
  openSchemaRows,
  type SchemaRecord,
  UnreadableFile,
} from '@bifold/adapters/formats';
import type { Column } from '@bifold/core/engine';
import type { FilesNode } from '../definition/source.ts';

/** A row of a file as a record of the wire, or why it is none. */
export interface FileRecord {
  /** Where the row begins, counted from 1, a header included. */
  readonly line: number;
  readonly record: unknown;
  readonly problem: {
    readonly reason: 'unreadable' | 'not-an-object';
    readonly detail: string;
  } | null;
}

const DETAIL_LENGTH = 80;

/** The records of a file, in their order: the same each time, also of a file that is damaged. */
export async function* readRecords(
  path: string,
  { format, csv }: FilesNode,
  columns: readonly Column[],
): AsyncGenerator<readonly FileRecord[]> {
  try {
    const { batches } = await openSchemaRows(formatOfKind(format), localInput(path), columns, csv);
    for await (const batch of batches) yield batch.map(recordOf);
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    // A stream goes on with the next file.
    const detail = `not read from here on: ${error.explanation.received}`;
    yield [{ line: error.line, record: null, problem: { reason: 'unreadable', detail } }];
  }
}

function recordOf(row: Outcome<SchemaRecord>): FileRecord {
  // A cell that does not fit its column is for the schema to refuse.
  if (!isBad(row)) return { line: row.line, record: row.content.record, problem: null };
  const { line, raw, problem: reason } = row;
  const detail = reason === 'not-an-object' ? raw.slice(0, DETAIL_LENGTH) : row.reason;
  return { line, record: null, problem: { reason, detail } };
}

import { tmpdir } from 'node:os';
import { textLiteral } from '@bifold/core/engine';
import type { DuckDb } from '../duckdb/index.ts';
import type { FileFormat } from './file-format.ts';
import { writeWhole } from './whole-file.ts';

const MEMORY_MB = 512;
/** DuckDB holds a part of each column in memory. */
const COLUMN_MB = 0.125;

/** A temporary database, which the caller closes. */
export async function openTables(columnCount = 0): Promise<DuckDb> {
  // Load it here, so that programs that only read text do not wait for it.
  const { openDuckDb } = await import('../duckdb/index.ts');
  return openDuckDb({ memoryLimit: `${MEMORY_MB + Math.ceil(columnCount * COLUMN_MB)}MB`, tempDirectory: tmpdir() });
}

/** Runs work with a temporary database. */
export async function withDuckDb<T>(work: (database: DuckDb) => Promise<T>, columnCount = 0): Promise<T> {
  const database = await openTables(columnCount);
  try {
    return await work(database);
  } finally {
    database.close();
  }
}

export interface CopyOptions {
  /** Columns of CSV whose texts are quoted, null excepted. */
  readonly quoted?: readonly string[];
  /** The text for null in CSV. Default: an empty cell. */
  readonly nullText?: string;
  /** Additional options of DuckDB's COPY, by which it writes a folder of partitions. */
  readonly more?: readonly string[];
}

/**
 * Writes the rows of a query to a file, in their order. The file appears only when it is complete.
 */
export async function copyRows(
  database: DuckDb,
  query: string,
  path: string,
  format: FileFormat,
  { nullText, quoted = [], more = [] }: CopyOptions = {},
): Promise<void> {
  const options = [format.copyOptions(path, nullText ?? null, quoted), ...more].join(', ');
  const copyTo = (target: string): Promise<void> =>
    database.run(`COPY (${query}) TO ${textLiteral(target)} (${options})`);
  if (more.length > 0) await copyTo(path);
  else await writeWhole(path, copyTo);
}

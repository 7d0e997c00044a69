import { tmpdir } from 'node:os';
import { textLiteral } from '@bifold/core/engine';
import type { DuckDb } from '../duckdb/index.ts';
import type { FileFormat } from './file-format.ts';

const MEMORY_LIMIT = '512MB';

/** A temporary database, which the caller closes. */
export async function openTables(): Promise<DuckDb> {
  // Load it here, so that programs that only read text do not wait for it.
  const { openDuckDb } = await import('../duckdb/index.ts');
  return openDuckDb({ memoryLimit: MEMORY_LIMIT, tempDirectory: tmpdir() });
}

/** Runs work with a temporary database. */
export async function withDuckDb<T>(work: (database: DuckDb) => Promise<T>): Promise<T> {
  const database = await openTables();
  try {
    return await work(database);
  } finally {
    database.close();
  }
}

export interface CopyOptions {
  /** The text for null in CSV. Default: an empty cell. */
  readonly nullText?: string;
  /** Additional options of DuckDB's COPY. */
  readonly more?: readonly string[];
}

/** Writes the rows of a query to a file, in their order. */
export function copyRows(
  database: DuckDb,
  query: string,
  path: string,
  format: FileFormat,
  { nullText, more = [] }: CopyOptions = {},
): Promise<void> {
  const options = [format.copyOptions(path, nullText ?? null), ...more].join(', ');
  return database.run(`COPY (${query}) TO ${textLiteral(path)} (${options})`);
}

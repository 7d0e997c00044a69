import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quoted, textLiteral } from '@bifold/core/engine';
import type { CellType, TypedColumn } from './cell-types.ts';

const MEMORY_LIMIT = '512MB';
/** Times of Parquet are instants, in UTC; those without a zone are taken for such. */
const ISO_8601 = '%Y-%m-%dT%H:%M:%S.%fZ';

const SQL: Readonly<Record<CellType, string>> = {
  integer: 'BIGINT',
  float: 'DOUBLE',
  boolean: 'BOOLEAN',
  date: 'DATE',
  timestamp: 'TIMESTAMPTZ',
  json: 'JSON',
  text: 'VARCHAR',
};

/** A file in a new folder, which is added to those that the caller removes. */
export function temporaryFile(name: string, temporary: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'bifold-'));
  temporary.push(folder);
  return join(folder, name);
}

/** The rows of a Parquet file as JSON lines, by DuckDB. */
export async function jsonLinesOf(parquetFile: string, temporary: string[]): Promise<string> {
  const file = temporaryFile('rows.jsonl', temporary);
  await copying(
    `SELECT * FROM read_parquet(${textLiteral(parquetFile)})`,
    file,
    `FORMAT json, TIMESTAMPFORMAT ${textLiteral(ISO_8601)}`,
  );
  return file;
}

/** JSON lines of these columns as a Parquet file, by DuckDB. */
export async function parquetOf(
  jsonLines: string,
  columns: readonly TypedColumn[],
  parquetFile: string,
): Promise<void> {
  const types = columns.map(({ name, type }) => `${textLiteral(name)}: ${textLiteral(SQL[type])}`).join(', ');
  const rows = `read_json(${textLiteral(jsonLines)}, format = 'newline_delimited', columns = {${types}})`;
  const names = columns.map(({ name }) => quoted(name)).join(', ');
  await copying(`SELECT ${names} FROM ${rows}`, parquetFile, 'FORMAT parquet, COMPRESSION zstd');
}

async function copying(select: string, path: string, format: string): Promise<void> {
  // Loaded here: what needs no Parquet need not wait for it.
  const { openDuckDb } = await import('@bifold/adapters/duckdb');
  const database = await openDuckDb({ memoryLimit: MEMORY_LIMIT, tempDirectory: tmpdir() });
  try {
    await database.run(`COPY (${select}) TO ${textLiteral(path)} (${format})`);
  } finally {
    database.close();
  }
}

import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Column, quoted, textLiteral } from '@bifold/core/engine';
import type { DuckDb } from '../duckdb/index.ts';
import { AdapterError } from '../errors.ts';
import { type FileFormat, localInput, type OpenRows, type ReadOptions, type RowInput } from './file-format.ts';
import { jsonLines } from './json/json-lines.ts';
import { withDuckDb } from './tables.ts';

/** Parquet times are instants in UTC, even if they have no zone. */
const ISO_8601 = '%Y-%m-%dT%H:%M:%S.%fZ';

/**
 * Parquet files. DuckDB reads and writes them. Rows for writing first go to a temporary file of
 * JSON lines.
 */
export const parquet = {
  kind: 'parquet',
  extensions: ['.parquet'],
  async open(input, options) {
    const folder = mkdtempSync(join(tmpdir(), 'bifold-rows-'));
    try {
      const lines = join(folder, 'rows.jsonl');
      await copyToLines(
        input.path ?? (await broughtTo(join(folder, 'rows.parquet'), input)),
        input.name,
        lines,
        options,
      );
      return removedAtEnd(folder, await jsonLines.open(localInput(lines), options));
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  },
  text: null,
  unfit: () => () => null,
  copyOptions: () => 'FORMAT parquet, COMPRESSION zstd',
  hasTimes: true,
} as const satisfies FileFormat;

/** Downloads the file if needed: Parquet has its index at the end, so it must be a local file. */
async function broughtTo(path: string, input: RowInput): Promise<string> {
  await pipeline(await input.open(), createWriteStream(path));
  return path;
}

function removedAtEnd(folder: string, { header, batches }: OpenRows): OpenRows {
  const all = async function* () {
    try {
      yield* batches;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  return { header, batches: all() };
}

function copyToLines(path: string, name: string, lines: string, { columns }: ReadOptions): Promise<void> {
  return withDuckDb(async (database) => {
    const rows = `read_parquet(${textLiteral(path)})`;
    const list = columns === undefined ? ['*'] : await columnList(database, rows, name, columns);
    const times = `TIMESTAMPFORMAT ${textLiteral(ISO_8601)}`;
    await database.run(
      `COPY (SELECT ${list.join(', ')} FROM ${rows}) TO ${textLiteral(lines)} (${jsonLines.copyOptions()}, ${times})`,
    );
  });
}

/** The columns of a schema that the file contains. */
async function columnList(
  database: DuckDb,
  rows: string,
  name: string,
  columns: readonly Column[],
): Promise<readonly string[]> {
  const described = await database.rows(`SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${rows})`);
  const held = new Map(described.map((row) => [String(row.column_name), String(row.column_type)]));
  const present = columns.filter((column) => held.has(column.name));
  if (present.length === 0)
    throw new AdapterError('BIFOLD_NO_SUCH_COLUMN', {
      failed: `${name} holds none of the columns that the schema names`,
      received: [...held.keys()].join(', '),
      allowed: columns.map((column) => column.name).join(', '),
      remedy: 'correct the schema, or the path',
    });
  return present.map((column) => `${wireSql(column, held.get(column.name) as string)} AS ${quoted(column.name)}`);
}

/**
 * SQL that converts a column to its form in JSON records. It keeps values that JSON numbers would
 * round.
 */
function wireSql(column: Column, held: string): string {
  const name = quoted(column.name);
  // A time may have an offset. Without one, it is UTC.
  if (/^(TIMESTAMP|DATE)/.test(held)) return `strftime(${name}::TIMESTAMP, '%Y-%m-%dT%H:%M:%S.%gZ')`;
  if (/^DECIMAL/.test(held)) return `${name}::VARCHAR`;
  // Write as text, so that the schema refuses values that a double would round.
  if (/^U?(BIG|HUGE)INT$/.test(held))
    return `CASE WHEN ${name} BETWEEN ${Number.MIN_SAFE_INTEGER} AND ${Number.MAX_SAFE_INTEGER} THEN to_json(${name}) ELSE to_json(${name}::VARCHAR) END`;
  if (column.type === 'json' && held === 'VARCHAR')
    return `CASE WHEN json_valid(${name}) THEN ${name}::JSON ELSE to_json(${name}) END`;
  return name;
}

import type { DuckDb } from '@bifold/adapters/duckdb';
import { type Column, quoted, sqlTypeOf, type Value } from '@bifold/core/engine';

/**
 * Creates a DuckDB table of rows, with natural column types: times are TIMESTAMP, nested values are
 * JSON.
 */
export async function createTable(
  database: DuckDb,
  name: string,
  columns: readonly Column[],
  rows: readonly (readonly Value[])[],
): Promise<void> {
  const raw = `${name} as stored`;
  const stored = columns.map((column) => ({ name: column.name, type: sqlTypeOf(column.type) }));
  const values = columns.map((_, index) => rows.map((row) => row[index] ?? null));
  await database.createTable(raw, stored, [values]);
  const shown = columns.map((column) => `${typed(column)} AS ${quoted(column.name)}`);
  await database.run(`CREATE OR REPLACE TABLE ${quoted(name)} AS SELECT ${shown.join(', ')} FROM ${quoted(raw)}`);
  await database.run(`DROP TABLE ${quoted(raw)}`);
}

function typed({ name, type }: Column): string {
  switch (type) {
    case 'timestamp':
      return `epoch_ms(${quoted(name)})`;
    case 'json':
      return `${quoted(name)}::JSON`;
    default:
      return quoted(name);
  }
}

import type { DuckDb, SqlJson } from '@bifold/adapters/duckdb';

/** Rows under their columns, in the order of the query. */
export interface SqlResult {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly SqlJson[])[];
}

export async function sqlResult(database: DuckDb, sql: string): Promise<SqlResult> {
  const rows: SqlJson[][] = [];
  let columns: readonly string[] = [];
  for await (const chunk of database.query(sql)) {
    columns = chunk.columns;
    const values = columns.map((name) => chunk.shown(name));
    for (let row = 0; row < chunk.rowCount; row++) rows.push(values.map((cells) => cells[row] ?? null));
  }
  return { columns, rows };
}

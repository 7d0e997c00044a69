import type { SqlEngine, TableColumn } from '@bifold/core/engine';
import { type ColumnValues, type DuckDbOptions, openDuckDb } from './database.ts';

/** The batch layer's SQL engine: a separate in-memory DuckDB. */
export async function openEngine(options: DuckDbOptions = {}): Promise<SqlEngine> {
  const database = await openDuckDb(options);
  return {
    async writeParquet(localPath, columns, rows) {
      await database.writeParquet(localPath, columns, rows);
    },
    async createTable(name, columns) {
      await database.createTable(name, columns, valuesOf(columns));
    },
    run: (sql) => database.run(sql),
    async *query(sql) {
      for await (const chunk of database.query(sql)) {
        const columns = chunk.columns.map((name) => chunk.column(name));
        yield Array.from({ length: chunk.rowCount }, (_, row) => columns.map((values) => values[row] ?? null));
      }
    },
    async close() {
      database.close();
    },
  };
}

function valuesOf(columns: readonly TableColumn[]): readonly ColumnValues[] {
  return [columns.map(({ values }) => values)];
}

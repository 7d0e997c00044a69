import { type DuckDb, openDuckDb } from '@bifold/adapters/duckdb';
import type { Column } from '@bifold/core/engine';
import type { Batch } from '../ports.ts';
import { createTable } from './table.ts';

/**
 * The tables of memory sinks. They live as long as the process. A repeated batch replaces its
 * earlier rows.
 */
export class MemoryTables {
  private readonly tables = new Map<string, MemoryTable>();

  /** Creates a table, which exists before its first row. */
  define(name: string, columns: readonly Column[]): MemoryTable {
    const table = this.tables.get(name) ?? { columns, batches: new Map() };
    this.tables.set(name, table);
    return table;
  }

  /** Runs SQL over the current content of the tables. */
  async query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const database = await openDuckDb({ threads: 1 });
    try {
      for (const [name, table] of this.tables) await load(database, name, table);
      return await database.rows(sql);
    } finally {
      database.close();
    }
  }
}

interface MemoryTable {
  readonly columns: readonly Column[];
  readonly batches: Map<number, Batch>;
}

async function load(database: DuckDb, name: string, { columns, batches }: MemoryTable): Promise<void> {
  const inOrder = [...batches.values()].sort((left, right) => left.number - right.number);
  await createTable(
    database,
    name,
    columns,
    inOrder.flatMap(({ rows }) => rows),
  );
}

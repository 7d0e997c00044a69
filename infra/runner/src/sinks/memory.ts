import { type DuckDb, openDuckDb } from '@bifold/adapters/duckdb';
import type { MemoryNode } from '../definition/sink.ts';
import type { Batch } from '../ports.ts';
import type { OpenSink } from './sink.ts';
import { createTable } from './table.ts';

/** The tables that memory sinks keep, while the process lives. A batch that comes again takes its own place. */
export class MemoryTables {
  private readonly tables = new Map<string, Map<number, Batch>>();

  put(table: string, batch: Batch): void {
    const batches = batch.mode === 'complete' ? new Map() : (this.tables.get(table) ?? new Map());
    batches.set(batch.number, batch);
    this.tables.set(table, batches);
  }

  get names(): readonly string[] {
    return [...this.tables.keys()];
  }

  /** Asks SQL of the tables as they are now. */
  async query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const database = await openDuckDb({ threads: 1 });
    try {
      for (const [name, batches] of this.tables) await load(database, name, [...batches.values()]);
      return await database.rows(sql);
    } finally {
      database.close();
    }
  }
}

async function load(database: DuckDb, name: string, batches: readonly Batch[]): Promise<void> {
  const [first] = batches;
  if (first === undefined) return;
  const rows = batches.toSorted((left, right) => left.number - right.number).flatMap((batch) => batch.rows);
  await createTable(database, name, first.columns, rows);
}

export function memorySink({ table }: MemoryNode, tables: MemoryTables): OpenSink {
  return {
    take: async (batch) => tables.put(table, batch),
    close: async () => undefined,
  };
}

import { ARCHIVE_COLUMNS, enrichedSql, type Plan, quoted, sqlTypeOf, type Value } from '@bifold/core/engine';
import type { DuckDBConnection } from '@duckdb/node-api';
import { appendValue, openDuckDb } from './duckdb.ts';

/** A record of the archive, decoded: the plan's columns by name, and when it happened. */
export interface ArchivedEvent {
  readonly timeMs: number;
  readonly values: Readonly<Record<string, Value>>;
}

/** A separate engine, with an archive that a test fills. Plans have no lookups. */
export class ArchiveTable {
  private readonly connection: DuckDBConnection;
  readonly close: () => void;

  private constructor({ connection, close }: Awaited<ReturnType<typeof openDuckDb>>) {
    this.connection = connection;
    this.close = close;
  }

  static async open(): Promise<ArchiveTable> {
    return new ArchiveTable(await openDuckDb());
  }

  /** Replaces the archive; the place of an event is its offset. */
  async fill(plan: Plan, events: readonly ArchivedEvent[]): Promise<void> {
    const own = plan.columns.map(({ name, type }) => [name, sqlTypeOf(type)] as const);
    const all = [...ARCHIVE_COLUMNS.map(({ name, type }) => [name, type] as const), ...own];
    const columns = all.map(([column, type]) => `${quoted(column)} ${type}`);
    await this.connection.run(`CREATE OR REPLACE TABLE archive (${columns.join(', ')})`);
    const appender = await this.connection.createAppender('archive');
    events.forEach(({ timeMs, values }, offset) => {
      const given: Readonly<Record<string, Value>> = {
        ...values,
        _offset: offset,
        _partition: 0,
        _event_time_ms: timeMs,
      };
      for (const [name, type] of all) {
        appendValue(appender, type, given[name] ?? null);
      }
      appender.endRow();
    });
    appender.closeSync();
  }

  /**
   * Rows of a query over the plan's events, which are the table `events`; 64-bit integers as
   * numbers.
   */
  async query(plan: Plan, sql: string): Promise<Value[][]> {
    const noBindings = "(SELECT 0 AS partition, 0 AS segment, '' AS name, '' AS version)";
    await this.connection.run(`CREATE OR REPLACE TEMP TABLE events AS ${enrichedSql(plan, 'archive', noBindings)}`);
    const reader = await this.connection.runAndReadAll(sql);
    return reader
      .getRows()
      .map((row) => row.map((value) => (typeof value === 'bigint' ? Number(value) : (value as Value))));
  }
}

import type { Value } from '@bifold/core/engine';
import { type DuckDBAppender, type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll } from '@jest/globals';

/** A separate engine for one test file. */
export async function openDuckDb(): Promise<{ readonly connection: DuckDBConnection; close(): void }> {
  const duckdb = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await duckdb.connect();
  return {
    connection,
    close() {
      connection.closeSync();
      duckdb.closeSync();
    },
  };
}

/** One engine for all tests of a file, while they run. */
export function duckDbWhileTesting(): () => DuckDBConnection {
  let opened: Awaited<ReturnType<typeof openDuckDb>>;
  beforeAll(async () => {
    opened = await openDuckDb();
  });
  afterAll(() => opened.close());
  return () => opened.connection;
}

export function appendValue(appender: DuckDBAppender, type: string | undefined, value: Value): void {
  if (value === null) appender.appendNull();
  else if (type === 'BIGINT') appender.appendBigInt(BigInt(value));
  else if (type === 'INTEGER') appender.appendInteger(value as number);
  else if (type === 'DOUBLE') appender.appendDouble(value as number);
  else if (type === 'BOOLEAN') appender.appendBoolean(value as boolean);
  else appender.appendVarchar(value as string);
}

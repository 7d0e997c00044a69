import { quoted, type SqlType, textLiteral } from '@bifold/core/engine';
import {
  BIGINT,
  BLOB,
  BOOLEAN,
  DOUBLE,
  DuckDBBlobValue,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBType,
  type DuckDBValue,
  INTEGER,
  VARCHAR,
} from '@duckdb/node-api';
import { AdapterError } from '../errors.ts';
import { duckDbError, duckDbFailure, severalStatements } from './errors.ts';
import { type JsonFactory, jsonReader } from './json-values.ts';
import { keepLeadingMarks } from './text-decoder.ts';
import { outputOf, type SqlJson, type SqlOutput, shownOf } from './values.ts';

export interface DuckDbOptions {
  /** The memory limit, such as `512MB`. Data beyond it goes to `tempDirectory`. */
  readonly memoryLimit?: string;
  readonly tempDirectory?: string;
  readonly threads?: number;
}

export interface SqlColumn {
  readonly name: string;
  readonly type: SqlType;
}

/** A cell that is written. BIGINT accepts whole numbers, too. */
export type SqlInput = number | bigint | string | boolean | Uint8Array | null;

/** A chunk of at most 2,048 rows, column by column. */
export interface SqlChunk {
  readonly rowCount: number;
  readonly columns: readonly string[];
  column(name: string): readonly SqlOutput[];
  /** The same column for a person: nested values are JSON, and times are DuckDB's text. */
  shown(name: string): readonly SqlJson[];
}

/** Columns of equal length, in the order of the table. */
export type ColumnValues = readonly (readonly SqlInput[])[];

export interface DuckDb {
  run(sql: string): Promise<void>;
  /** Returns the result chunk by chunk. Other queries may run in between. */
  query(sql: string): AsyncIterable<SqlChunk>;
  /**
   * Returns the values of each chunk as JSON, column by column, computed while they are read.
   * DuckDB ends such a result silently after an error, so the caller counts the rows.
   */
  stream(sql: string, factory: JsonFactory): AsyncIterable<readonly (readonly unknown[])[]>;
  /** Returns all rows of a small result. */
  rows(sql: string): Promise<readonly Readonly<Record<string, SqlOutput>>[]>;
  /** Creates a table, and fills it from chunks of columns of any length. */
  createTable(name: string, columns: readonly SqlColumn[], values: RowChunks): Promise<void>;
  /** A Parquet file (zstd) of these rows, in their order. Resolves to their number. */
  writeParquet(path: string, columns: readonly SqlColumn[], values: RowChunks): Promise<number>;
  close(): void;
}

export type RowChunks = Iterable<ColumnValues> | AsyncIterable<ColumnValues>;

/** The number of rows in a DuckDB vector. */
const CHUNK_ROWS = 2048;
const ROW_GROUP_ROWS = 122_880;

const TYPES: Readonly<Record<SqlType, DuckDBType>> = { INTEGER, BIGINT, DOUBLE, VARCHAR, BOOLEAN, BLOB };

/** Opens an in-memory database. Only this file loads the native library. */
export async function openDuckDb(options: DuckDbOptions = {}): Promise<DuckDb> {
  keepLeadingMarks();
  const instance = await DuckDBInstance.create(':memory:', {
    ...(options.memoryLimit === undefined ? {} : { memory_limit: options.memoryLimit }),
    ...(options.tempDirectory === undefined ? {} : { temp_directory: options.tempDirectory }),
    ...(options.threads === undefined ? {} : { threads: String(options.threads) }),
    // No extension is downloaded: what a query needs is built in.
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  return new MemoryDuckDb(instance, await instance.connect());
}

class MemoryDuckDb implements DuckDb {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  /** Temporary tables so far: it numbers them. */
  #tables = 0;

  constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  async run(sql: string): Promise<void> {
    await explained(sql, () => this.#connection.run(sql));
  }

  /**
   * DuckDB ends a stream silently after an error in the middle, and after other work on its
   * connection. So a result is first computed whole, which reports errors. Then a separate
   * connection reads it and counts the rows.
   */
  async *query(sql: string): AsyncGenerator<SqlChunk> {
    const table = quoted(`result ${this.#tables++}`);
    const reader = await this.#instance.connect();
    try {
      await explained(sql, () => requireOneStatement(reader, sql));
      await explained(sql, () => reader.run(`CREATE TABLE ${table} AS\n${sql}`), 1);
      const counted = await explained(sql, () => reader.runAndReadAll(`SELECT count(*) FROM ${table}`));
      let missing = Number(counted.getRows()[0]?.[0]);
      const result = await explained(sql, () => reader.stream(`SELECT * FROM ${table}`));
      const columns = result.columnNames();
      const indexes = new Map(columns.map((name, index) => [name, index]));
      for (;;) {
        const chunk = await explained(sql, () => result.fetchChunk());
        if (chunk === null || chunk.rowCount === 0) break;
        missing -= chunk.rowCount;
        yield chunkOf(sql, chunk, columns, indexes);
      }
      if (missing !== 0) throw duckDbFailure(sql, `a result that ended ${missing} rows early`);
    } finally {
      await reader.run(`DROP TABLE IF EXISTS ${table}`);
      reader.closeSync();
    }
  }

  async *stream(sql: string, factory: JsonFactory): AsyncGenerator<readonly (readonly unknown[])[]> {
    const reader = await this.#instance.connect();
    try {
      const result = await explained(sql, () => reader.stream(sql));
      const readers = result.columnTypes().map((type) => jsonReader(type, factory));
      for (;;) {
        const chunk = await explained(sql, () => result.fetchChunk());
        if (chunk === null || chunk.rowCount === 0) return;
        yield readers.map((read, index) => chunk.getColumnValues(index).map(read));
      }
    } finally {
      reader.closeSync();
    }
  }

  async rows(sql: string): Promise<readonly Readonly<Record<string, SqlOutput>>[]> {
    const rows: Record<string, SqlOutput>[] = [];
    for await (const chunk of this.query(sql)) {
      const columns = chunk.columns.map((name) => chunk.column(name));
      for (let row = 0; row < chunk.rowCount; row++) {
        rows.push(Object.fromEntries(chunk.columns.map((name, index) => [name, columns[index]?.[row] ?? null])));
      }
    }
    return rows;
  }

  async createTable(name: string, columns: readonly SqlColumn[], values: RowChunks): Promise<void> {
    await this.#createAndFill(name, columns, values);
  }

  async writeParquet(path: string, columns: readonly SqlColumn[], values: RowChunks): Promise<number> {
    const table = `parquet ${this.#tables++}`;
    try {
      const count = await this.#createAndFill(table, columns, values);
      await this.run(
        `COPY ${quoted(table)} TO ${textLiteral(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP_ROWS})`,
      );
      return count;
    } finally {
      await this.run(`DROP TABLE IF EXISTS ${quoted(table)}`);
    }
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }

  async #createAndFill(name: string, columns: readonly SqlColumn[], values: RowChunks): Promise<number> {
    const definitions = columns.map((column) => `${quoted(column.name)} ${column.type}`);
    await this.run(`CREATE OR REPLACE TABLE ${quoted(name)} (${definitions.join(', ')})`);
    return fill(this.#connection, name, columns, values);
  }
}

/** DuckDB would run all statements, and the result would be that of the first. */
async function requireOneStatement(connection: DuckDBConnection, sql: string): Promise<void> {
  const statements = await connection.extractStatements(sql).catch((cause) => {
    // The library has no words for a text without a statement.
    if (/native callback/.test(String(cause))) return { count: 0 };
    throw cause;
  });
  if (statements.count !== 1) throw severalStatements(sql, statements.count);
}

/** A chunk whose columns are converted when they are asked for. */
function chunkOf(
  sql: string,
  chunk: DuckDBDataChunk,
  columns: readonly string[],
  indexes: ReadonlyMap<string, number>,
): SqlChunk {
  const values = (name: string): readonly DuckDBValue[] => {
    const index = indexes.get(name);
    if (index === undefined) throw duckDbFailure(sql, `no column "${name}" among ${columns.join(', ')}`);
    return chunk.getColumnValues(index);
  };
  return {
    rowCount: chunk.rowCount,
    columns,
    column: (name) => values(name).map(outputOf),
    shown: (name) => values(name).map(shownOf),
  };
}

/** Fills a table. An error of `values` is thrown as it is: it is not an error of the database. */
async function fill(
  connection: DuckDBConnection,
  table: string,
  columns: readonly SqlColumn[],
  values: RowChunks,
): Promise<number> {
  const sql = `filling ${table}`;
  const appender = await explained(sql, () => connection.createAppender(table));
  const types = columns.map(({ type }) => TYPES[type]);
  // All rows go through one chunk. DuckDB frees the memory of a chunk when JavaScript collects it.
  // The collector does not see that memory, so hundreds of megabytes would accumulate.
  const reused = DuckDBDataChunk.create(types);
  const append = async (source: ColumnValues, from: number, to: number): Promise<void> => {
    reused.reset();
    // `reused` caches the vectors from before the reset; a new wrapper does not.
    const chunk = new DuckDBDataChunk(reused.chunk);
    chunk.rowCount = to - from;
    for (const [index, { type }] of columns.entries())
      chunk.setColumnValues(index, inputs(type, source[index] ?? [], from, to));
    appender.appendDataChunk(chunk);
  };
  let count = 0;
  try {
    for await (const source of values) {
      const length = source[0]?.length ?? 0;
      for (let from = 0; from < length; from += CHUNK_ROWS)
        await explained(sql, () => append(source, from, Math.min(from + CHUNK_ROWS, length)));
      count += length;
    }
    await explained(sql, async () => appender.flushSync());
  } finally {
    appender.closeSync();
  }
  return count;
}

function inputs(type: SqlType, values: readonly SqlInput[], from: number, to: number): readonly DuckDBValue[] {
  const range = from === 0 && to === values.length ? values : values.slice(from, to);
  if (type === 'BIGINT') return range.map((value) => (typeof value === 'number' ? BigInt(value) : (value as bigint)));
  if (type === 'BLOB') return range.map((value) => (value === null ? null : new DuckDBBlobValue(value as Uint8Array)));
  return range as readonly DuckDBValue[];
}

/**
 * Runs an operation.
 * @param linesBefore the lines of ours before the statement, which DuckDB counts
 * @throws {AdapterError} that quotes the statement and the cause
 */
async function explained<T>(sql: string, run: () => Promise<T>, linesBefore = 0): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (cause instanceof AdapterError) throw cause;
    throw duckDbError(sql, cause, linesBefore);
  }
}

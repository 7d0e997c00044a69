/** A value of a table: 64-bit and larger integers are bigint. */
export type SqlValue = string | number | bigint | boolean | Uint8Array | null;

/** The SQL and Parquet type of a column. */
export type SqlType = 'INTEGER' | 'BIGINT' | 'DOUBLE' | 'VARCHAR' | 'BOOLEAN' | 'BLOB';

/** A column of a table or of a Parquet file. */
export interface ColumnShape {
  readonly name: string;
  readonly type: SqlType;
}

/** A column with its values. */
export interface TableColumn extends ColumnShape {
  readonly values: readonly SqlValue[];
}

/** Rows in chunks of any length. A chunk has one list of values per column. */
export type RowChunks = Iterable<readonly (readonly SqlValue[])[]> | AsyncIterable<readonly (readonly SqlValue[])[]>;

/** The SQL engine of the batch layer, over local files. */
export interface SqlEngine {
  /**
   * Writes rows as they arrive, so that they need not all be in memory. An error of `rows` is
   * passed on unchanged.
   */
  writeParquet(localPath: string, columns: readonly ColumnShape[], rows: RowChunks): Promise<void>;
  createTable(name: string, columns: readonly TableColumn[]): Promise<void>;
  run(sql: string): Promise<void>;
  /**
   * Runs a query, and returns its rows in chunks as they arrive. Each row has its values in the
   * order of the select list.
   */
  query(sql: string): AsyncIterable<readonly (readonly SqlValue[])[]>;
  close(): Promise<void>;
}

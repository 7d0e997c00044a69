/**
 * A file with something odd in it, and what every command must make of it. The rules are those of
 * docs/files.md.
 */
export interface FileCase {
  /** The oddity, as the end of the sentence "a file with ...". */
  readonly title: string;
  /** The name of the file. Its extension names its format. */
  readonly file: string;
  readonly content: string | Uint8Array | ParquetQuery;
  /** The options of a command that reads the file. */
  readonly options?: readonly string[];
  /** The result of reading the file. */
  readonly gives: Outcome;
  /** The result of a conversion to CSV and back, if that differs. */
  readonly throughCsv?: Outcome;
  /** The result of a conversion to Parquet and back, if that differs. */
  readonly throughParquet?: Outcome;
}

/** A query of DuckDB whose rows are the Parquet file. */
export interface ParquetQuery {
  readonly query: string;
}

export type Outcome = Rows | Refusal;

/** The file is read. */
export interface Rows {
  /** The good rows, as lines of JSON. */
  readonly rows: readonly string[];
  /** The rows that are set aside. */
  readonly bad?: readonly BadLine[];
  /** A part of the remark on standard error. */
  readonly told?: string;
}

export interface BadLine {
  readonly line: number;
  /** A part of the reason. */
  readonly reason: string;
}

/** The file is refused before anything is written. */
export interface Refusal {
  readonly refused: string;
  /** A part of the message. */
  readonly says: string;
}

export const isRefusal = (outcome: Outcome): outcome is Refusal => 'refused' in outcome;

import type { FileFormat } from './source.ts';

/**
 * The destination of the rows of each batch. `Row` is contravariant: a sink of rows with a `name`
 * accepts every row that has one.
 */
export interface Sink<in Row> {
  readonly sink: SinkNode;
  readonly '~row'?: (row: Row) => void;
}

export type SinkNode =
  | ConsoleNode
  | MemoryNode
  | FilesSinkNode
  | KafkaSinkNode
  | CassandraNode
  | { readonly kind: 'foreachBatch'; readonly call: BatchFunction<never> }
  | { readonly kind: 'foreach'; readonly process: RowFunction<never>; readonly around: AroundRows };

export interface ConsoleNode {
  readonly kind: 'console';
  /** Rows shown of each batch. */
  readonly rows: number;
  /** Longer texts are cut to so many characters; false shows them whole. */
  readonly truncate: number | false;
}

export interface MemoryNode {
  readonly kind: 'memory';
  readonly table: string;
}

export interface FilesSinkNode {
  readonly kind: 'files';
  readonly path: string;
  readonly format: FileFormat;
  readonly partitionBy: readonly string[];
}

export interface KafkaSinkNode {
  readonly kind: 'kafka';
  readonly topic: string;
  /** The column whose value is the record's key. */
  readonly key: string | null;
}

export interface CassandraNode {
  readonly kind: 'cassandra';
  /** `table`, or `keyspace.table`. */
  readonly table: string;
}

/** The context of a batch that a function receives. */
export interface BatchContext {
  readonly stream: string;
  /**
   * Counted from 0. The same batch, after a crash, comes again with the same number and the same
   * rows: skip what you have of it.
   */
  readonly batch: number;
}

export type BatchFunction<Row> = (rows: readonly Row[], context: BatchContext) => void | Promise<void>;

export type RowFunction<Row> = (row: Row, context: BatchContext) => void | Promise<void>;

/** Functions called before and after the rows of a batch. */
export interface AroundRows {
  /** False: the rows of this batch are passed over. */
  readonly open?: (context: BatchContext) => boolean | Promise<boolean>;
  /** Called after the last row, or with what a row threw. */
  readonly close?: (error: unknown) => void | Promise<void>;
}

/** Shows each batch as a table under its number. */
export function console(options: { readonly rows?: number; readonly truncate?: number | boolean } = {}): Sink<unknown> {
  const { rows = 20, truncate = true } = options;
  return frozen({ kind: 'console', rows, truncate: truncate === true ? 20 : truncate });
}

/** Keeps the rows in this process, as a table that SQL can be asked of: `bifold run ... --sql`. */
export function memory(table: string): Sink<unknown> {
  return frozen({ kind: 'memory', table });
}

/**
 * Upserts each row into a table by its primary key. The table has to be there; columns go to the
 * columns of the same names.
 */
export function cassandra(options: { readonly table: string }): Sink<unknown> {
  return frozen({ kind: 'cassandra', table: options.table });
}

/**
 * Hands the rows of each batch to a function of yours, with the number of the batch. The function
 * says what rows it takes: a stream of others does not compile.
 */
export function foreachBatch<Row>(call: BatchFunction<Row>): Sink<Row> {
  return frozen({ kind: 'foreachBatch', call });
}

/** Hands over row after row, between `open` and `close` of each batch if they are there. */
export function foreach<Row>(process: RowFunction<Row>, around: AroundRows = {}): Sink<Row> {
  return frozen({ kind: 'foreach', process, around });
}

function frozen<Row>(node: SinkNode): Sink<Row> {
  return Object.freeze({ sink: Object.freeze(node) });
}

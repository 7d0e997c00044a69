import { type Column, refuse } from '@bifold/core/engine';
import type { OutputMode } from '../definition/output-mode.ts';
import type { Batch, Ports } from '../ports.ts';
import type { MemoryTables } from './memory-tables.ts';

/**
 * A destination of rows. `Row` is contravariant: a sink of rows with a `name` accepts every row
 * that has one.
 *
 * @example
 * const sink: Sink<unknown> = files({ path: 'out/rides', format: 'parquet' });
 */
export interface Sink<in Row> {
  /** The sink as plain data. */
  readonly sink: SinkNode;
  readonly '~row'?: (row: Row) => void;
}

/** A sink in a definition. The descriptor of its kind knows its options. */
export interface SinkNode {
  readonly kind: string;
}

/** The rows for a sink, for its check. */
export interface SinkRows {
  readonly name: string;
  readonly outputMode: OutputMode;
  readonly aggregation: object | null;
  readonly output: readonly Column[];
}

/** The parts of a run that a sink may use. */
export interface SinkContext {
  readonly output: readonly Column[];
  /** The id of the checkpoint. */
  readonly checkpoint: string;
  readonly ports: Ports;
  readonly tables: MemoryTables;
}

/** One kind of sink: its check, its share of the fingerprint of a stream, and its work. */
export interface SinkDescriptor<in Node extends SinkNode> {
  readonly kind: string;
  /** @throws {DefinitionError} if the sink cannot take these rows */
  check(node: Node, rows: SinkRows): void;
  /** The options on which a checkpoint depends. */
  fingerprint(node: Node): object;
  open(node: Node, context: SinkContext): OpenSink;
}

/** A row that a sink can never take, and why. */
export interface RefusedRow {
  /** The place of the row in its batch. */
  readonly index: number;
  readonly reason: string;
  readonly detail: string;
}

/** Stores the rows that a sink cannot take, in place of those of an earlier try of the batch. */
export type SetAside = (rows: readonly RefusedRow[]) => Promise<void>;

/** An open sink. A batch may be repeated, with the same rows. */
export interface OpenSink {
  /**
   * Writes the rows that the sink can take, and sets the others aside. A service that is away is an
   * error: its rows are written when the batch runs again. A sink that has already written the
   * batch sets nothing aside.
   */
  write(batch: Batch, setAside: SetAside): Promise<void>;
  close(): Promise<void>;
}

export function sinkOf<Row, Node extends SinkNode>(node: Node): Sink<Row> {
  return Object.freeze({ sink: Object.freeze(node) });
}

/** Refuses columns that the rows lack. `role` is the name of the option, for error messages. */
export function checkColumns(role: string, columns: readonly string[], { name, output }: SinkRows): void {
  const unknown = columns.find((column) => !output.some((each) => each.name === column));
  if (unknown !== undefined)
    refuse('BIFOLD_UNKNOWN_FIELD', {
      failed: `stream "${name}" names a column in ${role} that its rows do not have`,
      received: `"${unknown}"`,
      allowed: output.map((each) => each.name).join(', '),
      remedy: 'correct the name',
    });
}

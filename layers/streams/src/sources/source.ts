import type { Pipeline } from '@bifold/core';
import { type Column, type EventTime, refuse, type Value } from '@bifold/core/engine';
import type { Position } from '../checkpoint/checkpoint.ts';
import type { Journal } from '../checkpoint/journal.ts';
import type { Ports } from '../ports.ts';

/**
 * A source of rows. `E` is the TypeScript type of a row.
 *
 * @example
 * const source: Source<RateRow> = rate();
 */
export interface Source<out E> {
  /** The source as plain data. */
  readonly source: SourceNode;
  readonly '~event'?: E;
}

/** A source in a definition. The descriptor of its kind knows its options. */
export interface SourceNode {
  readonly kind: string;
  /** The columns of its rows, in the order in which they are shown. */
  readonly columns: readonly Column[];
  /** The event time that the source brings along; null if a definition has to name it. */
  readonly eventTime: EventTime | null;
}

/**
 * The start of a stream without a checkpoint: an end of the log, the first records at or after a
 * time, or offsets by topic and partition. Partitions without an offset start at their beginning.
 *
 * @example
 * const since: StartingOffsets = { timestamp: '2026-01-01T00:00:00Z' };
 * const at: StartingOffsets = { rides: { 0: 500, 1: 480 } };
 */
export type StartingOffsets =
  | 'earliest'
  | 'latest'
  | { readonly timestamp: string }
  | { readonly [topic: string]: { readonly [partition: string]: number } };

/**
 * One kind of source: its check, its share of the fingerprint of a stream, and its work. Sources
 * that read other sources reach them through `sources`.
 */
export interface SourceDescriptor<in Node extends SourceNode> {
  readonly kind: string;
  /** @throws {DefinitionError} if an option is not valid. `where` names what has the source. */
  check(node: Node, where: string, sources: Sources): void;
  /** The options on which a checkpoint depends. */
  fingerprint(node: Node, sources: Sources): object;
  /** The same source, begun elsewhere; absent if it has no offsets. */
  startingAt?(node: Node, offsets: StartingOffsets, sources: Sources): SourceNode;
  open(node: Node, rows: RowsOf, context: SourceContext): OpenSource | Promise<OpenSource>;
}

/** The work of all kinds of sources. */
export interface Sources {
  check(node: SourceNode, where: string): void;
  fingerprint(node: SourceNode): object;
  startingAt(node: SourceNode, offsets: StartingOffsets): SourceNode;
  open(node: SourceNode, rows: RowsOf, context: SourceContext): Promise<OpenSource>;
}

/** The parts of a run that sources may use. */
export interface SourceContext {
  readonly journal: Journal;
  readonly ports: Ports;
  readonly sources: Sources;
  /** Ends the names of files in the checkpoint, where several sources of a stream write some. */
  readonly suffix: string;
}

/** A row that the source's schema refuses, with its position and the reason. */
export interface BadRow {
  readonly where: string;
  readonly reason: string;
  readonly detail: string;
}

/** A record as a row, or the reason why it is none. */
export type RecordOutcome =
  | { readonly kind: 'row'; readonly values: readonly Value[] }
  | ({ readonly kind: 'bad' } & Omit<BadRow, 'where'>);

/** A part of a batch: rows with the values of the source's columns in their order. */
export interface SourceChunk {
  readonly rows: readonly (readonly Value[])[];
  /** The position of each row, as a bad row has it. Absent if positions have no meaning. */
  readonly positions?: readonly string[];
  readonly bad: readonly BadRow[];
  /** The side of a join, 0 or 1; absent without a join. */
  readonly side?: number;
}

/** The options for reading rows of a source. */
export interface RowsOf {
  readonly columns: readonly Column[];
  readonly eventTime: EventTime | null;
  /** The pipeline whose decoder reads the records. Null if the source's own schema reads them. */
  readonly decodedBy: Pipeline | null;
  /** Returns the problem of a row beyond its column types, from its values in column order. */
  readonly problemOf?: (columns: readonly Column[]) => (values: readonly Value[]) => string | null;
}

/** An opened source. The rows between two positions are the same at every read. */
export interface OpenSource {
  /** The start of a stream that has no checkpoint yet. */
  begin(): Promise<Position>;
  /** The position up to which it can be read now; `from` itself if there is nothing new. */
  available(from: Position): Promise<Position>;
  /** The end of a batch, by the limits of the definition. */
  bounded(from: Position, available: Position): Position;
  read(from: Position, to: Position): AsyncIterable<SourceChunk>;
  close(): Promise<void>;
}

/** A chunk of records, each with its position. */
export function chunkOf<T>(
  records: Iterable<T>,
  whereOf: (record: T) => string,
  outcomeOf: (record: T) => RecordOutcome,
): SourceChunk {
  const rows: (readonly Value[])[] = [];
  const positions: string[] = [];
  const bad: BadRow[] = [];
  for (const record of records) {
    const where = whereOf(record);
    const outcome = outcomeOf(record);
    if (outcome.kind === 'row') {
      rows.push(outcome.values);
      positions.push(where);
    } else bad.push({ where, reason: outcome.reason, detail: outcome.detail });
  }
  return { rows, positions, bad };
}

export function sourceOf<E, Node extends SourceNode>(node: Node): Source<E> {
  return Object.freeze({ source: Object.freeze(node) });
}

/** Refuses a limit that is not a whole number from 1. Null is no limit. */
export function checkLimit(where: string, option: string, value: number | null): void {
  if (value === null || (Number.isSafeInteger(value) && value >= 1)) return;
  refuse('BIFOLD_BAD_LIMIT', {
    failed: `${where} has an invalid ${option}`,
    received: String(value),
    allowed: 'a whole number from 1',
    remedy: 'choose one',
  });
}

import type { Pipeline } from '@bifold/core';
import type { Column, EventTime, Value } from '@bifold/core/engine';
import type { Position } from '../checkpoint/checkpoint.ts';

/** A row that the source's schema refuses, with its position and the reason. */
export interface BadRow {
  readonly where: string;
  readonly reason: string;
  readonly detail: string;
}

/** A part of a batch: rows with the values of the source's columns, in their order. */
export interface SourceChunk {
  readonly rows: readonly (readonly Value[])[];
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

import type { Pipeline } from '@bifold/core';
import type { Column, EventTime, Value } from '@bifold/core/engine';
import type { Position } from '../checkpoint/checkpoint.ts';

/** A row that the source's schema does not allow: where it stands, and why. */
export interface BadRow {
  readonly where: string;
  readonly reason: string;
  readonly detail: string;
}

/** A stretch of a batch: rows with the values of the source's columns in their order. */
export interface SourceChunk {
  readonly rows: readonly (readonly Value[])[];
  readonly bad: readonly BadRow[];
  /** Of which side of a join, 0 or 1; not there when there is no join. */
  readonly side?: number;
}

/** How the rows of a source are read. */
export interface RowsOf {
  readonly columns: readonly Column[];
  readonly eventTime: EventTime | null;
  /** A deployed pipeline's, whose decoder says what a record is. */
  readonly decodedBy: Pipeline | null;
  /**
   * What is wrong with a row beyond what its columns say, by its values in the order of the columns
   * given.
   */
  readonly problemOf?: (columns: readonly Column[]) => (values: readonly Value[]) => string | null;
}

/** A source, opened. Whatever lies between two positions is the same whenever it is read. */
export interface OpenSource {
  /** Where a stream begins that has no checkpoint yet. */
  begin(): Promise<Position>;
  /** As far as can be read now; `from` itself when there is nothing new. */
  available(from: Position): Promise<Position>;
  /** What a batch takes of it, by the limits that the definition sets. */
  bounded(from: Position, available: Position): Position;
  read(from: Position, to: Position): AsyncIterable<SourceChunk>;
  close(): Promise<void>;
}

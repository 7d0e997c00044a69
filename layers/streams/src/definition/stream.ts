import type { Pipeline } from '@bifold/core';
import type { Column, EventTime } from '@bifold/core/engine';
import type { SinkNode } from './sink.ts';
import type { SourceNode } from './source.ts';
import type { Trigger } from './trigger.ts';

/**
 * The rows of a result that a batch emits: `append` those that can no longer change, `update` those
 * that changed, `complete` all of them. Rows without an aggregation are only ever appended.
 */
export type OutputMode = 'append' | 'update' | 'complete';

/** A definition that loaded: what to read, what to make of it, and where it goes. */
export interface Stream {
  readonly name: string;
  readonly source: SourceNode;
  /** The columns of the source's rows, in the order in which they were declared. */
  readonly columns: readonly Column[];
  /**
   * The pipeline by which core reads a row: columns, lookups, derived columns, and the aggregation
   * if there is one.
   */
  readonly pipeline: Pipeline;
  /** True when the pipeline is a deployed one's, whose decoder says what a record is. */
  readonly isPipeline: boolean;
  readonly eventTime: EventTime | null;
  readonly watermarkMs: number | null;
  readonly dropDuplicates: readonly string[] | null;
  readonly isAggregation: boolean;
  readonly outputMode: OutputMode;
  /** The columns of the rows that sinks are given. */
  readonly output: readonly Column[];
  readonly trigger: Trigger;
  readonly sinks: readonly SinkNode[];
}

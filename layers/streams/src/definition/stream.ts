import type { Pipeline } from '@bifold/core';
import type { AggregationPlan, Column, Duplicates, EventTime, RowPlan } from '@bifold/core/engine';
import type { SinkNode } from '../sinks/sink.ts';
import type { SourceNode } from '../sources/source.ts';
import type { OutputMode } from './output-mode.ts';
import type { Trigger } from './trigger.ts';

/**
 * A stream that passed every check, as frozen plain data.
 *
 * @example
 * const stream: Stream = defineStream({ name: 'seconds', from: rate(), sinks: [console()] });
 */
export interface Stream {
  /** The name of the stream. */
  readonly name: string;
  /** The source, and all that it reads. */
  readonly source: SourceNode;
  /** The plan of a record's rows. Its columns are in the order in which they were declared. */
  readonly rows: RowPlan;
  /** The plan of the result table; null if the rows are the result. */
  readonly aggregation: AggregationPlan | null;
  /** The pipeline whose decoder reads the records; null if the source reads them. */
  readonly decodedBy: Pipeline | null;
  /** The column with the event time; null without one. */
  readonly eventTime: EventTime | null;
  /** The delay of the watermark; null without one. */
  readonly latenessMs: number | null;
  /** The columns that identify duplicates; null if none are dropped. */
  readonly dropDuplicates: Duplicates<string> | null;
  /** The rows that a batch emits. */
  readonly outputMode: OutputMode;
  /** The columns of the rows that sinks receive. */
  readonly output: readonly Column[];
  /** When the next batch begins. */
  readonly trigger: Trigger;
  /** The destinations of each batch. */
  readonly sinks: readonly SinkNode[];
}

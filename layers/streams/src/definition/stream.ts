import type { Pipeline } from '@bifold/core';
import type { AggregationPlan, Column, Duplicates, EventTime, RowPlan } from '@bifold/core/engine';
import type { SinkNode } from '../sinks/sink.ts';
import type { SourceNode } from '../sources/source.ts';
import type { OutputMode } from './output-mode.ts';
import type { Trigger } from './trigger.ts';

/** A checked definition of a stream: its source, its operators and its sinks. */
export interface Stream {
  readonly name: string;
  readonly source: SourceNode;
  /** The plan of a record's rows. Its columns are in the order in which they were declared. */
  readonly rows: RowPlan;
  /** The plan of the result table; null if the rows are the result. */
  readonly aggregation: AggregationPlan | null;
  /** The pipeline whose decoder reads the records; null if the source reads them. */
  readonly decodedBy: Pipeline | null;
  readonly eventTime: EventTime | null;
  /** The delay of the watermark; null without one. */
  readonly latenessMs: number | null;
  readonly dropDuplicates: Duplicates<string> | null;
  readonly outputMode: OutputMode;
  /** The columns of the rows that sinks receive. */
  readonly output: readonly Column[];
  readonly trigger: Trigger;
  readonly sinks: readonly SinkNode[];
}

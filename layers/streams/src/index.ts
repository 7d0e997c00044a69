/**
 * The definition API: everything that the definition of a stream imports. The command line, which
 * runs streams, imports `@bifold/streams/engine`.
 */
export { defineStream } from './definition/define-stream.ts';
export { files } from './definition/files.ts';
export { join } from './definition/join.ts';
export { kafka } from './definition/kafka.ts';
export type { OutputMode } from './definition/output-mode.ts';
export type { Stream } from './definition/stream.ts';
export { asSoonAsPossible, availableNow, once, processingTime, type Trigger } from './definition/trigger.ts';
export { cassandra } from './sinks/cassandra.ts';
export { console } from './sinks/console.ts';
export { type AroundRows, type BatchContext, foreach, foreachBatch } from './sinks/functions.ts';
export { memory } from './sinks/memory.ts';
export type { Sink } from './sinks/sink.ts';
export type { JoinType } from './sources/join.ts';
export type { KafkaRow } from './sources/kafka.ts';
export { type RateRow, rate } from './sources/rate.ts';
export type { Source, StartingOffsets } from './sources/source.ts';
export { union } from './sources/union.ts';

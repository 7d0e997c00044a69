export {
  type CheckpointHead,
  type CommittedBatch,
  type PlannedBatch,
  readCheckpoint,
} from './checkpoint/checkpoint.ts';
export { folderJournal, type Journal, removeJournal } from './checkpoint/journal.ts';
export { lockFolder } from './checkpoint/lock.ts';
export { defineStream } from './definition/define-stream.ts';
export { files } from './definition/files.ts';
export { type JoinedRow, join } from './definition/join.ts';
export { kafka } from './definition/kafka.ts';
export type { OutputMode } from './definition/output-mode.ts';
export { type PipelineStreamOptions, streamOf } from './definition/pipeline-stream.ts';
export {
  type JoinType,
  type KafkaRow,
  type RateRow,
  rate,
  type Source,
  type StartingOffsets,
} from './definition/source.ts';
export type { Stream } from './definition/stream.ts';
export { asItComes, availableNow, every, once, type Trigger } from './definition/trigger.ts';
export { union } from './definition/union.ts';
export { RunnerError } from './errors.ts';
export type { Batch, BatchProducer, OffsetMark, OutgoingMessage, Ports, Shown, Topics } from './ports.ts';
export { type QuarantinedRow, readQuarantine } from './quarantine.ts';
export { jsonOf } from './rows.ts';
export { type RunOptions, runStream } from './run.ts';
export { cassandra } from './sinks/cassandra.ts';
export { console } from './sinks/console.ts';
export {
  type AroundRows,
  type BatchContext,
  type BatchFunction,
  foreach,
  foreachBatch,
  type RowFunction,
} from './sinks/functions.ts';
export { memory } from './sinks/memory.ts';
export { MemoryTables } from './sinks/memory-tables.ts';
export { SINK_KINDS } from './sinks/registry.ts';
export type { Sink } from './sinks/sink.ts';

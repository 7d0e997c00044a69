/** The parts that run a stream. Definitions import `@bifold/streams`. */
export {
  type CheckpointHead,
  type CommittedBatch,
  type PlannedBatch,
  readCheckpoint,
} from './checkpoint/checkpoint.ts';
export { folderJournal, type Journal, removeJournal } from './checkpoint/journal.ts';
export { lockFolder } from './checkpoint/lock.ts';
export { streamOf } from './definition/pipeline-stream.ts';
export type { Batch, BatchProducer, OffsetMark, OutgoingMessage, Ports, Shown, Topics } from './ports.ts';
export { readQuarantine } from './quarantine.ts';
export { jsonOf } from './rows.ts';
export { runStream } from './run.ts';
export { MemoryTables } from './sinks/memory-tables.ts';
export { SINK_KINDS } from './sinks/registry.ts';
export { SOURCE_KINDS, startingAt } from './sources/registry.ts';

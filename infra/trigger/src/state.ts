import type { KafkaMapping, RefusedMapping } from './mapping.ts';
import type { Batch } from './poller/batcher.ts';

/** The state of one partition of a mapping. Offsets are positions: the next record to process. */
export interface PartitionState {
  /** Records from the committed position to the log's end; null until the end is known. */
  lag: number | null;
  endOffset: number | null;
  /** Up to where records were consumed. */
  position: number;
  /** Up to where this process committed, or found committed. */
  committed: number;
  /** Records consumed and waiting. */
  waiting: number;
  /** Records of the batch being invoked, 0 if none is. */
  inFlight: number;
  recordsInvoked: number;
  recordsRedelivered: number;
}

/**
 * Wall-clock milliseconds, summed. Invocations run concurrently, so `invoke` may exceed the elapsed
 * time.
 */
interface StageTimes {
  consume: number;
  envelope: number;
  invoke: number;
  commit: number;
}

/**
 * `blocked`: the log has a batch that cannot be decoded. `reason` names the fix. Nothing is
 * skipped.
 */
export type MappingStatus =
  | 'starting'
  | 'polling'
  | 'retrying'
  | 'disconnected'
  | 'blocked'
  | 'disabled'
  | 'stopping'
  | 'refused';

export interface MappingState {
  readonly uuid: string;
  readonly functionArn: string;
  readonly topic: string | null;
  readonly groupId: string | null;
  status: MappingStatus;
  /** The reason of the status, in a sentence. Null if there is none. */
  reason: string | null;
  /** The texts of AWS: "No records processed", "OK", "PROBLEM: ...". */
  lastProcessingResult: string;
  lag: number | null;
  invocationsInFlight: number;
  invocations: number;
  failures: number;
  /** Records of invocations that succeeded. */
  recordsInvoked: number;
  /** The number of records in repeated attempts. A record counts once per attempt. */
  recordsRedelivered: number;
  /** Times a group assignment was received. */
  assignments: number;
  /** Records that the broker deleted before they could be consumed. */
  recordsLostToRetention: number;
  readonly stageMs: StageTimes;
  readonly partitions: Record<number, PartitionState>;
}

export interface TriggerState {
  /** Whether the last ListEventSourceMappings was answered; null before the first. */
  lambdaApi: { reachable: boolean | null; reason: string | null };
  mappings: readonly MappingState[];
}

export function mappingState(mapping: KafkaMapping | RefusedMapping): MappingState {
  return {
    uuid: mapping.uuid,
    functionArn: mapping.functionArn,
    topic: mapping.kind === 'kafka' ? mapping.topic : null,
    groupId: mapping.kind === 'kafka' ? mapping.groupId : null,
    status: mapping.kind === 'refused' ? 'refused' : mapping.enabled ? 'starting' : 'disabled',
    reason: mapping.kind === 'refused' ? mapping.reason : null,
    lastProcessingResult: 'No records processed',
    lag: null,
    invocationsInFlight: 0,
    invocations: 0,
    failures: 0,
    recordsInvoked: 0,
    recordsRedelivered: 0,
    assignments: 0,
    recordsLostToRetention: 0,
    stageMs: { consume: 0, envelope: 0, invoke: 0, commit: 0 },
    partitions: {},
  };
}

function partitionState(position: number, before: PartitionState | undefined, isInFlight: boolean): PartitionState {
  return {
    lag: before?.lag ?? null,
    endOffset: before?.endOffset ?? null,
    position,
    committed: position,
    waiting: 0,
    inFlight: isInFlight ? (before?.inFlight ?? 0) : 0,
    recordsInvoked: before?.recordsInvoked ?? 0,
    recordsRedelivered: before?.recordsRedelivered ?? 0,
  };
}

/** Shows the partitions of a new assignment at their positions, and removes the others. */
export function showAssigned(
  state: MappingState,
  positions: ReadonlyMap<number, number>,
  isInFlight: (partition: number) => boolean,
): void {
  state.assignments += 1;
  state.status = 'polling';
  state.reason = null;
  const before = { ...state.partitions };
  for (const partition of Object.keys(state.partitions)) delete state.partitions[Number(partition)];
  for (const [partition, position] of positions)
    state.partitions[partition] = partitionState(position, before[partition], isInFlight(partition));
}

export function showConsumed(state: MappingState, partition: number, position: number, waiting: number): void {
  const progress = state.partitions[partition];
  if (progress === undefined) return;
  progress.position = position;
  progress.waiting = waiting;
}

/** Shows that a batch is being invoked, and how many records of its partitions still wait. */
export function showInFlight(state: MappingState, batch: Batch, waitingOf: (partition: number) => number): void {
  for (const { partition, count } of batch.parts) {
    const progress = state.partitions[partition];
    if (progress === undefined) continue;
    progress.inFlight = count;
    progress.waiting = waitingOf(partition);
  }
}

/** Shows that the invocation of a batch has ended, with or without success. */
export function showDelivered(state: MappingState, { parts }: Batch): void {
  for (const { partition } of parts) {
    const progress = state.partitions[partition];
    if (progress !== undefined) progress.inFlight = 0;
  }
}

/** Shows a failed attempt. An attempt that the trigger aborted does not change the status. */
export function showFailure(state: MappingState, problem: string, isAborted: boolean): void {
  state.failures += 1;
  state.lastProcessingResult = problem;
  if (isAborted) return;
  if (state.status === 'polling') state.status = 'retrying';
  state.reason = problem;
}

export function showInvoked(state: MappingState, { count }: Batch): void {
  state.recordsInvoked += count;
  state.lastProcessingResult = 'OK';
  if (state.status !== 'retrying') return;
  state.status = 'polling';
  state.reason = null;
}

export function countInvoked(state: MappingState, { parts }: Batch): void {
  for (const { partition, count } of parts) {
    const progress = state.partitions[partition];
    if (progress !== undefined) progress.recordsInvoked += count;
  }
}

export function countRedelivered(state: MappingState, { count, parts }: Batch): void {
  state.recordsRedelivered += count;
  for (const part of parts) {
    const progress = state.partitions[part.partition];
    if (progress !== undefined) progress.recordsRedelivered += part.count;
  }
}

export function showCommitted(state: MappingState, positions: ReadonlyMap<number, number>): void {
  for (const [partition, position] of positions) {
    const progress = state.partitions[partition];
    if (progress !== undefined) progress.committed = position;
  }
  showLag(state);
}

export function showEnds(state: MappingState, endOffsets: ReadonlyMap<number, number>): void {
  for (const [partition, endOffset] of endOffsets) {
    const progress = state.partitions[partition];
    if (progress !== undefined) progress.endOffset = endOffset;
  }
  showLag(state);
}

function showLag(state: MappingState): void {
  let sum: number | null = 0;
  for (const progress of Object.values(state.partitions)) {
    progress.lag = progress.endOffset === null ? null : Math.max(0, progress.endOffset - progress.committed);
    sum = sum === null || progress.lag === null ? null : sum + progress.lag;
  }
  state.lag = sum;
}

/** The next offset of each partition. The batch that blocks a mapping starts at one of them. */
export function positionsOf({ partitions }: MappingState): Record<string, number> {
  return Object.fromEntries(Object.entries(partitions).map(([partition, { position }]) => [partition, position]));
}

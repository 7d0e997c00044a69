import { type Backoff, delayMs, sleep } from './backoff.ts';
import { type Batch, formBatch, PartitionQueue, payloadBytesMax } from './batcher.ts';
import { decodedBytesMaxDefault, undecodable } from './codecs.ts';
import { messageOf } from './errors.ts';
import { encodeRun, selfManagedKafkaEnvelope } from './event.ts';
import type { Invoke } from './invoke.ts';
import type { Log } from './log.ts';
import type { KafkaMapping } from './mapping.ts';
import { type Credentials, type Source, type SourceListener, startSource } from './source.ts';
import { type MappingState, partitionState, positionsOf } from './state.ts';

export interface PollerPorts {
  readonly invoke: Invoke;
  readonly readCredentials: (secretId: string) => Promise<Credentials>;
  readonly log: Log;
  readonly random: () => number;
}

export interface PollerLimits {
  /**
   * Invocations of one mapping under way at a time; the number of its partitions bounds them, too.
   */
  readonly inFlightMax: number;
  /** Encoded records that one mapping may hold. */
  readonly heldBytesMax: number;
  /**
   * Decoded records that one fetch may hold: a larger batch of the log stops the mapping until this
   * is raised.
   */
  readonly decodedBytesMax: number;
  /**
   * The time for which a stop waits for running invocations before it abandons them, uncommitted.
   */
  readonly stopGraceMs: number;
  readonly retry: Backoff;
}

export const pollerLimitsDefault: PollerLimits = Object.freeze({
  inFlightMax: 200,
  heldBytesMax: 256 * 1024 * 1024,
  decodedBytesMax: decodedBytesMaxDefault,
  stopGraceMs: 5_000,
  retry: { firstMs: 100, maxMs: 5_000 },
});

export interface Poller {
  readonly mapping: KafkaMapping;
  /** Leaves the group. Batches that succeeded are committed, others are not. */
  stop(): Promise<void>;
}

/**
 * A partition is paused with this much waiting, and resumed below the half: a batch is ready while
 * one is invoked.
 */
const queueBytesMax = 2 * payloadBytesMax;
const commitRetryMs = 500;
const reconnect: Backoff = { firstMs: 250, maxMs: 3_000 };
/** A batch that cannot be decoded is tried again: an operator may have deleted it. */
const blockedRetryMs = 30_000;

/**
 * Runs one mapping until it is stopped, whatever happens to the broker, the function and the API
 * meanwhile.
 */
export function startPoller(
  mapping: KafkaMapping,
  state: MappingState,
  limits: PollerLimits,
  { invoke, readCredentials, log, random }: PollerPorts,
): Poller {
  const envelope = selfManagedKafkaEnvelope(mapping.topic, mapping.bootstrapServers);
  const batchLimits = { count: mapping.batchSizeMax, sizeBytes: payloadBytesMax, windowMs: mapping.windowMs };
  const queues = new Map<number, PartitionQueue>();
  const paused = new Set<number>();
  /**
   * Partitions with an invocation under way, whichever assignment it began in: no second one may
   * start.
   */
  const inFlight = new Set<number>();
  const lanes = new Set<Promise<void>>();
  const toCommit = new Map<number, number>();
  const stopping = new AbortController();
  const givingUp = new AbortController();
  let source: Source | null = null;
  let assignment = 0;
  let committing: Promise<void> | null = null;
  let due: NodeJS.Timeout | undefined;

  const listener: SourceListener = {
    revoked() {
      assignment += 1;
      queues.clear();
      paused.clear();
      toCommit.clear();
    },
    assigned(positions) {
      state.assignments += 1;
      state.status = 'polling';
      state.reason = null;
      const before = { ...state.partitions };
      for (const partition of Object.keys(state.partitions)) delete state.partitions[Number(partition)];
      for (const [partition, position] of positions) {
        queues.set(partition, new PartitionQueue(partition));
        state.partitions[partition] = partitionState(position, before[partition], inFlight.has(partition));
      }
      log('info', 'assigned', { mapping: mapping.uuid, positions: Object.fromEntries(positions) });
    },
    records(partition, records, nextOffset) {
      const queue = queues.get(partition);
      if (queue === undefined) return;
      const startedAt = performance.now();
      queue.push(encodeRun(mapping.topic, partition, records, nextOffset), startedAt);
      state.stageMs.envelope += performance.now() - startedAt;
      const shown = state.partitions[partition];
      if (shown !== undefined) {
        shown.position = nextOffset;
        shown.waiting = queue.count;
      }
      if (queue.sizeBytes >= queueBytesMax || heldBytes() >= limits.heldBytesMax) {
        paused.add(partition);
        source?.pause(partition);
      }
      schedule();
    },
    ends(endOffsets) {
      for (const [partition, endOffset] of endOffsets) {
        const shown = state.partitions[partition];
        if (shown !== undefined) shown.endOffset = endOffset;
      }
      showLag();
    },
    fetched(durationMs) {
      state.stageMs.consume += durationMs;
    },
    lostToRetention(partition, from, to) {
      state.recordsLostToRetention += Math.max(0, to - from);
      state.lastProcessingResult = `PROBLEM: the log of partition ${partition} no longer has offset ${from}, went on at ${to}`;
      log('error', state.lastProcessingResult, { mapping: mapping.uuid });
    },
  };

  const heldBytes = () => {
    let sum = 0;
    for (const queue of queues.values()) sum += queue.sizeBytes;
    return sum;
  };

  const showLag = () => {
    let sum: number | null = 0;
    for (const shown of Object.values(state.partitions)) {
      shown.lag = shown.endOffset === null ? null : Math.max(0, shown.endOffset - shown.committed);
      sum = sum === null || shown.lag === null ? null : sum + shown.lag;
    }
    state.lag = sum;
  };

  /** Once a tick: the batches of one fetch arrive one by one, and should be seen together. */
  let isScheduled = false;
  const schedule = () => {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      dispatch();
    });
  };

  const dispatch = () => {
    clearTimeout(due);
    while (!stopping.signal.aborted && lanes.size < limits.inFlightMax) {
      const idle = [...queues.values()].filter((queue) => !inFlight.has(queue.partition));
      const windowMs = heldBytes() >= limits.heldBytesMax ? 0 : batchLimits.windowMs;
      const formed = formBatch(idle, envelope, { ...batchLimits, windowMs }, performance.now());
      if (formed === null) return;
      if ('dueInMs' in formed) {
        due = setTimeout(dispatch, Math.ceil(formed.dueInMs));
        return;
      }
      const lane = deliver(formed.batch).finally(() => {
        lanes.delete(lane);
        for (const { partition } of formed.batch.parts) inFlight.delete(partition);
        schedule();
      });
      lanes.add(lane);
    }
  };

  const resumeDrained = () => {
    if (heldBytes() >= limits.heldBytesMax) return;
    for (const partition of paused) {
      if ((queues.get(partition)?.sizeBytes ?? 0) >= queueBytesMax / 2) continue;
      paused.delete(partition);
      source?.resume(partition);
    }
  };

  const deliver = async (batch: Batch): Promise<void> => {
    const mine = assignment;
    for (const { partition, count } of batch.parts) {
      inFlight.add(partition);
      const shown = state.partitions[partition];
      if (shown !== undefined) {
        shown.inFlight = count;
        shown.waiting = queues.get(partition)?.count ?? 0;
      }
    }
    resumeDrained();
    const payload = Buffer.concat(batch.chunks, batch.sizeBytes);
    state.invocationsInFlight += 1;
    try {
      for (let failures = 0; ; ) {
        if (failures > 0) countRedelivered(batch);
        const startedAt = performance.now();
        state.invocations += 1;
        const result = await invoke(mapping.functionArn, payload, givingUp.signal);
        state.stageMs.invoke += performance.now() - startedAt;
        if (result.kind === 'succeeded') return succeed(batch, mine);
        failures += 1;
        state.failures += 1;
        state.lastProcessingResult = `PROBLEM: ${result.failure}: ${result.message}`;
        if (result.failure !== 'aborted') {
          if (state.status === 'polling') state.status = 'retrying';
          state.reason = state.lastProcessingResult;
          if (Number.isInteger(Math.log2(failures))) {
            const { failure, message } = result;
            log('warn', 'a batch failed', {
              mapping: mapping.uuid,
              failures,
              failure,
              reason: message,
              parts: batch.parts,
            });
          }
          await sleep(delayMs(limits.retry, failures, random), stopping.signal);
        }
        // Uncommitted, so the records are delivered again, to the next owner of the partition, from
        // the committed offset.
        if (stopping.signal.aborted || mine !== assignment) return;
      }
    } finally {
      state.invocationsInFlight -= 1;
      for (const { partition } of batch.parts) {
        const shown = state.partitions[partition];
        if (shown !== undefined) shown.inFlight = 0;
      }
    }
  };

  const countRedelivered = (batch: Batch) => {
    state.recordsRedelivered += batch.count;
    for (const { partition, count } of batch.parts) {
      const shown = state.partitions[partition];
      if (shown !== undefined) shown.recordsRedelivered += count;
    }
  };

  const succeed = (batch: Batch, mine: number) => {
    state.recordsInvoked += batch.count;
    state.lastProcessingResult = 'OK';
    if (state.status === 'retrying') {
      state.status = 'polling';
      state.reason = null;
    }
    // In an assignment that is over, the position may belong to another member: at least once, so
    // it comes again.
    if (mine !== assignment) return;
    for (const { partition, count, nextOffset } of batch.parts) {
      toCommit.set(partition, nextOffset);
      const shown = state.partitions[partition];
      if (shown !== undefined) shown.recordsInvoked += count;
    }
    committing ??= commit().finally(() => {
      committing = null;
    });
  };

  /**
   * One commit at a time, of the newest positions: they never go back, and many batches share one
   * request.
   */
  const commit = async (): Promise<void> => {
    while (toCommit.size > 0 && source !== null) {
      const mine = assignment;
      const positions = new Map(toCommit);
      toCommit.clear();
      const startedAt = performance.now();
      try {
        await source.commit(positions);
        if (mine !== assignment) continue;
        for (const [partition, position] of positions) {
          const shown = state.partitions[partition];
          if (shown !== undefined) shown.committed = position;
        }
        showLag();
      } catch (error) {
        if (mine !== assignment) continue;
        for (const [partition, position] of positions) {
          if (!toCommit.has(partition)) toCommit.set(partition, position);
        }
        log('warn', 'a commit failed', { mapping: mapping.uuid, reason: messageOf(error) });
        if (stopping.signal.aborted) return;
        await sleep(commitRetryMs, stopping.signal);
      } finally {
        state.stageMs.commit += performance.now() - startedAt;
      }
    }
  };

  const run = async (): Promise<void> => {
    for (let failures = 0; !stopping.signal.aborted; ) {
      const assignmentsBefore = state.assignments;
      let waitMs: number | null = null;
      try {
        const { authentication } = mapping;
        const credentials = authentication === null ? null : await readCredentials(authentication.secretId);
        source = await startSource(mapping, credentials, limits.decodedBytesMax, listener, log);
        await Promise.race([source.ended, aborted(stopping.signal)]);
      } catch (error) {
        failures = state.assignments > assignmentsBefore ? 1 : failures + 1;
        const blocking = undecodable(error, mapping.topic);
        state.status = blocking === null ? 'disconnected' : 'blocked';
        state.reason = messageOf(blocking ?? error);
        if (blocking !== null) {
          waitMs = blockedRetryMs;
          state.lastProcessingResult = `PROBLEM: ${state.reason}`;
          log('error', 'the mapping is blocked', {
            mapping: mapping.uuid,
            code: blocking.code,
            reason: state.reason,
            positions: positionsOf(state),
          });
        } else if (failures === 1) log('warn', 'the source ended', { mapping: mapping.uuid, reason: state.reason });
      }
      if (stopping.signal.aborted) return;
      listener.revoked();
      const ended = source;
      source = null;
      await ended?.stop();
      await sleep(waitMs ?? delayMs(reconnect, failures, random), stopping.signal);
    }
  };
  const running = run();

  return {
    mapping,
    async stop() {
      state.status = 'stopping';
      stopping.abort();
      clearTimeout(due);
      await running;
      const giveUp = setTimeout(() => givingUp.abort(), limits.stopGraceMs);
      await Promise.allSettled([...lanes]);
      clearTimeout(giveUp);
      await committing;
      assignment += 1;
      await source?.stop();
      source = null;
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

import { messageOf } from '../errors.ts';
import { type Envelope, encodeRun, type KafkaRecord, selfManagedKafkaEnvelope } from '../event.ts';
import type { Invoke } from '../invoke.ts';
import { decodedBytesMaxDefault, undecodable } from '../kafka/codecs.ts';
import type { Credentials } from '../kafka/connection.ts';
import { type SourceListener, startSource } from '../kafka/source.ts';
import type { Log } from '../log.ts';
import type { KafkaMapping } from '../mapping.ts';
import { type MappingState, positionsOf, showAssigned, showConsumed, showEnds, showInFlight } from '../state.ts';
import { type Backoff, delayMs, sleep } from './backoff.ts';
import { type BatchLimits, payloadBytesMax } from './batcher.ts';
import { Committer } from './committer.ts';
import { Deliveries } from './deliveries.ts';
import { Intake } from './intake.ts';
import type { Session } from './session.ts';

export interface PollerPorts {
  readonly invoke: Invoke;
  readonly readCredentials: (secretId: string) => Promise<Credentials>;
  readonly log: Log;
  readonly random: () => number;
}

export interface PollerLimits {
  /**
   * The limit of concurrent invocations of one mapping. There is also at most one per partition.
   */
  readonly inFlightMax: number;
  /** The limit of encoded records in memory per mapping. */
  readonly heldBytesMax: number;
  /**
   * The limit of decoded records per fetch. A larger batch blocks the mapping until the limit is
   * raised.
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

const reconnect: Backoff = { firstMs: 250, maxMs: 3_000 };
/**
 * The delay before a batch that cannot be decoded is tried again. An operator may have deleted it
 * by then.
 */
const blockedRetryMs = 30_000;

/**
 * Runs one mapping until it is stopped, even if the broker, the function or the API fail meanwhile.
 */
export function startPoller(
  mapping: KafkaMapping,
  state: MappingState,
  limits: PollerLimits,
  ports: PollerPorts,
): Poller {
  return new MappingPoller(mapping, state, limits, ports);
}

class MappingPoller implements Poller, SourceListener {
  readonly mapping: KafkaMapping;
  readonly #limits: PollerLimits;
  readonly #ports: PollerPorts;
  readonly #envelope: Envelope;
  readonly #batchLimits: BatchLimits;
  readonly #stopping = new AbortController();
  readonly #session: Session;
  readonly #intake: Intake;
  readonly #committer: Committer;
  readonly #deliveries: Deliveries;
  readonly #running: Promise<void>;
  #isScheduled = false;
  #due: NodeJS.Timeout | undefined;

  constructor(mapping: KafkaMapping, state: MappingState, limits: PollerLimits, ports: PollerPorts) {
    this.mapping = mapping;
    this.#limits = limits;
    this.#ports = ports;
    this.#envelope = selfManagedKafkaEnvelope(mapping.topic, mapping.bootstrapServers);
    this.#batchLimits = { count: mapping.batchSizeMax, sizeBytes: payloadBytesMax, windowMs: mapping.windowMs };
    this.#session = {
      mapping,
      state,
      log: ports.log,
      stopping: this.#stopping.signal,
      source: null,
      assignment: 0,
    };
    this.#intake = new Intake(limits.heldBytesMax);
    this.#committer = new Committer(this.#session);
    this.#deliveries = new Deliveries(this.#session, { ...ports, retry: limits.retry }, ({ parts }) =>
      this.#committer.add(parts),
    );
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#session.state.status = 'stopping';
    this.#stopping.abort();
    clearTimeout(this.#due);
    await this.#running;
    await this.#deliveries.stop(this.#limits.stopGraceMs);
    await this.#committer.settled();
    this.#session.assignment += 1;
    await this.#session.source?.stop();
    this.#session.source = null;
  }

  revoked(): void {
    this.#session.assignment += 1;
    this.#intake.clear();
    this.#committer.clear();
  }

  assigned(positions: ReadonlyMap<number, number>): void {
    for (const partition of positions.keys()) this.#intake.assign(partition);
    showAssigned(this.#session.state, positions, (partition) => this.#deliveries.isBusy(partition));
    this.#ports.log('info', 'assigned', { mapping: this.mapping.uuid, positions: Object.fromEntries(positions) });
  }

  records(partition: number, records: readonly KafkaRecord[], nextOffset: number): void {
    if (!this.#intake.has(partition)) return;
    const { state, source } = this.#session;
    const startedAt = performance.now();
    const isFull = this.#intake.push(
      partition,
      encodeRun(this.mapping.topic, partition, records, nextOffset),
      startedAt,
    );
    state.stageMs.envelope += performance.now() - startedAt;
    showConsumed(state, partition, nextOffset, this.#intake.countOf(partition));
    if (isFull) source?.pause(partition);
    this.#schedule();
  }

  ends(endOffsets: ReadonlyMap<number, number>): void {
    showEnds(this.#session.state, endOffsets);
  }

  fetched(durationMs: number): void {
    this.#session.state.stageMs.consume += durationMs;
  }

  lostToRetention(partition: number, from: number, to: number): void {
    const { state, log } = this.#session;
    state.recordsLostToRetention += Math.max(0, to - from);
    state.lastProcessingResult = `PROBLEM: the log of partition ${partition} no longer has offset ${from}, went on at ${to}`;
    log('error', state.lastProcessingResult, { mapping: this.mapping.uuid });
  }

  /** Runs once per tick, because the batches of one fetch arrive one by one. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    clearTimeout(this.#due);
    while (!this.#stopping.signal.aborted && this.#deliveries.count < this.#limits.inFlightMax) {
      const formed = this.#intake.nextBatch(
        (partition) => this.#deliveries.isBusy(partition),
        this.#envelope,
        this.#batchLimits,
        performance.now(),
      );
      if (formed === null) return;
      if ('dueInMs' in formed) {
        this.#due = setTimeout(() => this.#dispatch(), Math.ceil(formed.dueInMs));
        return;
      }
      showInFlight(this.#session.state, formed.batch, (partition) => this.#intake.countOf(partition));
      for (const partition of this.#intake.takeDrained()) this.#session.source?.resume(partition);
      this.#deliveries.start(formed.batch, () => this.#schedule());
    }
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#stopping.signal.aborted; ) {
      const assignmentsBefore = this.#session.state.assignments;
      let waitMs: number | null = null;
      try {
        await this.#consume();
      } catch (error) {
        failures = this.#session.state.assignments > assignmentsBefore ? 1 : failures + 1;
        waitMs = this.#showEnded(error, failures);
      }
      if (this.#stopping.signal.aborted) return;
      this.revoked();
      const ended = this.#session.source;
      this.#session.source = null;
      await ended?.stop();
      await sleep(waitMs ?? delayMs(reconnect, failures, this.#ports.random), this.#stopping.signal);
    }
  }

  /** Joins the group and consumes. Resolves when the poller stops, rejects when the source ends. */
  async #consume(): Promise<void> {
    const { authentication } = this.mapping;
    const credentials = authentication === null ? null : await this.#ports.readCredentials(authentication.secretId);
    const { decodedBytesMax } = this.#limits;
    const source = await startSource(this.mapping, credentials, decodedBytesMax, this, this.#ports.log);
    this.#session.source = source;
    await Promise.race([source.ended, aborted(this.#stopping.signal)]);
  }

  /** Shows why the source ended. Returns the delay if a batch of the log blocks the mapping. */
  #showEnded(error: unknown, failures: number): number | null {
    const { mapping, state, log } = this.#session;
    const blocking = undecodable(error, mapping.topic);
    state.status = blocking === null ? 'disconnected' : 'blocked';
    state.reason = messageOf(blocking ?? error);
    if (blocking === null) {
      if (failures === 1) log('warn', 'the source ended', { mapping: mapping.uuid, reason: state.reason });
      return null;
    }
    state.lastProcessingResult = `PROBLEM: ${state.reason}`;
    log('error', 'the mapping is blocked', {
      mapping: mapping.uuid,
      code: blocking.code,
      reason: state.reason,
      positions: positionsOf(state),
    });
    return blockedRetryMs;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

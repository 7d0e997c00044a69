import type { KafkaOptions } from '@bifold/adapters/kafka';
import type { Log, LogRecord } from '@bifold/core/engine';
import { boundFetches } from '@bifold/trigger/codecs';
import type { Consumer, ConsumerCrashEvent, ConsumerGroupJoinEvent, EachBatchPayload, IHeaders } from 'kafkajs';
import { brokerErrorOf, kafkaClient, withKafkaErrors } from '../client.ts';
import { endOfRecords } from '../topics/trailing-holes.ts';

/** The fetch wait of kafkajs, which delays joining and leaving a group. */
const FETCH_WAIT_MS = 500;
const SESSION_TIMEOUT_MS = 10_000;
const HEARTBEAT_MS = 2_000;
/** The maximum time that a rebalance waits for busy members. */
const REBALANCE_TIMEOUT_MS = 20_000;
/**
 * The time for a broker to load its groups after a start. kafkajs gives up earlier, so it is
 * restarted.
 */
const PATIENCE_MS = 30_000;
/** The interval in which new partitions of the topic are found. */
const NEW_PARTITIONS_WITHIN_MS = 5_000;
/** The interval in which the rest of a partition is looked at, of which kafkajs tells nothing. */
const LOOK_EVERY_MS = 500;
const REBALANCING = ['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID'];

/** The place where a group stops reading. */
export interface GroupEnd {
  /** For each partition, the offset to stop at. Records at or after it are not handled. */
  readonly ends: ReadonlyMap<number, number>;
  /** For each partition, the position where a group without a committed offset begins. */
  readonly starts: ReadonlyMap<number, number>;
  /** The committed offsets of the group in the topic. */
  readonly committed: () => Promise<ReadonlyMap<number, number>>;
  readonly log: Pick<Log, 'read'>;
}

export interface GroupReading {
  readonly kafka: KafkaOptions;
  readonly group: string;
  readonly topic: string;
  /** The start in partitions without a committed offset. */
  readonly beginsAt: 'earliest' | 'latest';
  /**
   * Handles records in order, and returns the number of handled records. Fewer than all means:
   * stop.
   */
  readonly onRecords: (records: readonly LogRecord[]) => Promise<number>;
  /** Called before the first batch and after each; true ends the reading. */
  readonly isEnough: () => boolean;
  /** Null follows the log. */
  readonly until: GroupEnd | null;
  readonly signal: AbortSignal;
}

/**
 * Reads as a member of a group until the end, `isEnough` or an abort, and leaves the group. Offsets
 * are committed after their records were handled. After a crash, some records may be read again,
 * and none is skipped. At the end, each assigned partition has its end as the committed offset.
 */
export function readAsGroup(reading: GroupReading): Promise<void> {
  return withKafkaErrors(reading.kafka, `reading ${reading.topic} as group ${reading.group}`, () =>
    new GroupReader(reading).run(),
  );
}

/** The partitions that the group gave to this member. */
interface Assignment {
  readonly partitions: readonly number[];
  /** The committed offsets of the group. Null until they are asked for. */
  committed: Map<number, number> | null;
}

class GroupReader {
  readonly #reading: GroupReading;
  readonly #consumer: Consumer;
  readonly #ended = Promise.withResolvers<void>();
  /** Null before the first one. */
  #assignment: Assignment | null = null;
  /** Batches and looks at the end take turns, so that no commit goes back. */
  #turn: Promise<unknown> = Promise.resolve();
  #isDone = false;
  /** When the first of the errors came that no later assignment has ended. */
  #failingSinceMs: number | null = null;

  constructor(reading: GroupReading) {
    this.#reading = reading;
    this.#consumer = kafkaClient(reading.kafka).consumer({
      groupId: reading.group,
      sessionTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_MS,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      metadataMaxAge: NEW_PARTITIONS_WITHIN_MS,
      readUncommitted: false,
      allowAutoTopicCreation: false,
      retry: {
        initialRetryTime: 100,
        maxRetryTime: 2_000,
        retries: 12,
        restartOnFailure: async (error) => this.#isTransient(error),
      },
    });
    boundFetches(this.#consumer);
    // It is awaited only once the consumer runs; a failure before that is thrown there.
    this.#ended.promise.catch(() => {});
  }

  async run(): Promise<void> {
    const { topic, beginsAt, signal, until, isEnough } = this.#reading;
    const finish = () => this.#finish();
    signal.addEventListener('abort', finish, { once: true });
    if (signal.aborted || isEnough()) finish();
    this.#listen();
    const looking = until === null ? undefined : setInterval(() => this.#look(), LOOK_EVERY_MS);
    await this.#consumer.connect();
    try {
      await this.#consumer.subscribe({ topics: [topic], fromBeginning: beginsAt === 'earliest' });
      await this.#consumer.run({
        autoCommit: false,
        partitionsConsumedConcurrently: 1,
        eachBatch: (payload) => this.#inTurn(() => this.#onBatch(payload)),
      });
      await this.#ended.promise;
    } finally {
      signal.removeEventListener('abort', finish);
      clearInterval(looking);
      await this.#consumer.disconnect();
    }
  }

  #listen(): void {
    const { CRASH, GROUP_JOIN } = this.#consumer.events;
    this.#consumer.on(CRASH, ({ payload }: ConsumerCrashEvent) => {
      if (!payload.restart) this.#ended.reject(payload.error);
    });
    this.#consumer.on(GROUP_JOIN, ({ payload }: ConsumerGroupJoinEvent) => {
      this.#failingSinceMs = null;
      // Offsets are asked for again: another member may have advanced a partition in the meantime.
      this.#assignment = { partitions: payload.memberAssignment[this.#reading.topic] ?? [], committed: null };
      this.#look();
    });
  }

  async #onBatch({ batch, heartbeat, isStale }: EachBatchPayload): Promise<void> {
    const { until, isEnough } = this.#reading;
    const { partition, messages } = batch;
    const end = until === null ? Number.POSITIVE_INFINITY : (until.ends.get(partition) ?? 0);
    if (this.#isDone || isStale() || Number(batch.firstOffset()) >= end) return;
    const records = messages.map((message) => recordOf(partition, message)).filter(({ offset }) => offset < end);
    const consumed = records.length === 0 ? 0 : await this.#handle(records);
    const last = records[consumed - 1];
    const next = Math.min(Number(batch.lastOffset()) + 1, end);
    const position = consumed === records.length ? next : last && last.offset + 1;
    if (position !== undefined) await this.#commit(new Map([[partition, position]]));
    if (consumed < records.length || isEnough()) this.#finish();
    await heartbeat();
  }

  async #commit(offsets: ReadonlyMap<number, number>): Promise<void> {
    const { topic } = this.#reading;
    await this.#consumer.commitOffsets(
      Array.from(offsets, ([partition, offset]) => ({ topic, partition, offset: String(offset) })),
    );
    for (const [partition, offset] of offsets) this.#assignment?.committed?.set(partition, offset);
  }

  /** An error of the record handler is not Kafka's, and must not be retried. */
  async #handle(records: readonly LogRecord[]): Promise<number> {
    try {
      return await this.#reading.onRecords(records);
    } catch (error) {
      this.#isDone = true;
      this.#ended.reject(error);
      return 0;
    }
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** Ends the reading if every assigned partition is at its end. */
  #look(): void {
    const { until } = this.#reading;
    if (until === null) return;
    this.#inTurn(() => this.#endIfAtEnds(until)).catch((error: Error) => {
      // The next assignment looks again.
      if (!REBALANCING.includes(brokerErrorOf(error) ?? '')) this.#ended.reject(error);
    });
  }

  /**
   * Compares positions, not records. The last offsets of a log may be markers of transactions,
   * aborted records or holes, for which kafkajs calls nothing.
   */
  async #endIfAtEnds({ ends, starts, committed, log }: GroupEnd): Promise<void> {
    const assignment = this.#assignment;
    if (assignment === null || this.#isDone) return;
    assignment.committed ??= new Map(await committed());
    const { partitions, committed: offsets } = assignment;
    const reached = new Map<number, number>();
    for (const partition of partitions) {
      const end = ends.get(partition) ?? 0;
      const at = offsets.get(partition) ?? starts.get(partition) ?? 0;
      if (at < end && (await endOfRecords(log, partition, at, end)) > at) return;
      reached.set(partition, Math.max(at, end));
    }
    // A rebalance in the meantime starts a new assignment, which checks its own ends.
    if (assignment !== this.#assignment) return;
    await this.#commit(new Map([...reached].filter(([partition, at]) => at !== offsets.get(partition))));
    this.#finish();
  }

  #finish(): void {
    this.#isDone = true;
    this.#ended.resolve();
  }

  /** Whether kafkajs is to try again after an error for which it would give up. */
  #isTransient(error: Error & { readonly retriable?: boolean }): boolean {
    if (error.name !== 'KafkaJSProtocolError' || error.retriable !== true) return false;
    this.#failingSinceMs ??= performance.now();
    return performance.now() - this.#failingSinceMs < PATIENCE_MS;
  }
}

function recordOf(
  partition: number,
  message: {
    readonly offset: string;
    readonly timestamp: string;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly headers?: IHeaders;
  },
): LogRecord {
  return {
    partition,
    offset: Number(message.offset),
    timestampMs: Number(message.timestamp),
    key: message.key,
    value: message.value,
    // kafkajs collects headers of the same name in a list.
    headers: Object.entries(message.headers ?? {}).flatMap(([key, values]) =>
      [values ?? null].flat().map((value) => ({ key, value: value === null ? null : Buffer.from(value) })),
    ),
  };
}

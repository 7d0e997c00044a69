import type { KafkaOptions } from '@bifold/adapters/kafka';
import type { LogRecord } from '@bifold/core/engine';
import { boundFetches } from '@bifold/trigger/codecs';
import type { Consumer, ConsumerCrashEvent, ConsumerGroupJoinEvent, EachBatchPayload, IHeaders } from 'kafkajs';
import { kafkaClient, withKafkaErrors } from '../client.ts';

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
  /**
   * Called with the partitions after each assignment, and with positions as they grow; true ends
   * the reading.
   */
  readonly isEnough: (assigned: readonly number[], positions: ReadonlyMap<number, number>) => Promise<boolean>;
  readonly signal: AbortSignal;
}

/**
 * Reads as a member of a group until `isEnough` or an abort, and leaves the group. Offsets are
 * committed after their records were handled. After a crash, some records may be read again, and
 * none is skipped.
 */
export function readAsGroup(reading: GroupReading): Promise<void> {
  return withKafkaErrors(reading.kafka, `reading ${reading.topic} as group ${reading.group}`, () =>
    new GroupReader(reading).run(),
  );
}

class GroupReader {
  readonly #reading: GroupReading;
  readonly #consumer: Consumer;
  readonly #ended = Promise.withResolvers<void>();
  readonly #positions = new Map<number, number>();
  #assigned: readonly number[] = [];
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
    const { topic, beginsAt, signal } = this.#reading;
    const finish = () => this.#finish();
    signal.addEventListener('abort', finish, { once: true });
    if (signal.aborted) finish();
    this.#listen();
    await this.#consumer.connect();
    try {
      await this.#consumer.subscribe({ topics: [topic], fromBeginning: beginsAt === 'earliest' });
      await this.#consumer.run({
        autoCommit: false,
        partitionsConsumedConcurrently: 1,
        eachBatch: (payload) => this.#onBatch(payload),
      });
      await this.#ended.promise;
    } finally {
      signal.removeEventListener('abort', finish);
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
      this.#assigned = payload.memberAssignment[this.#reading.topic] ?? [];
      // Another member may have advanced a partition in the meantime.
      this.#positions.clear();
      void this.#endIfEnough();
    });
  }

  async #onBatch({ batch, heartbeat, isStale }: EachBatchPayload): Promise<void> {
    if (this.#isDone || isStale()) return;
    const { topic } = this.#reading;
    const { partition, messages } = batch;
    const records = messages.map((message) => recordOf(partition, message));
    const consumed = records.length === 0 ? 0 : await this.#handle(records);
    const last = records[consumed - 1];
    const position = consumed === records.length ? Number(batch.lastOffset()) + 1 : last && last.offset + 1;
    if (position !== undefined) {
      await this.#consumer.commitOffsets([{ topic, partition, offset: String(position) }]);
      this.#positions.set(partition, position);
    }
    if (consumed < records.length) this.#finish();
    else await this.#endIfEnough();
    await heartbeat();
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

  async #endIfEnough(): Promise<void> {
    try {
      if (await this.#reading.isEnough(this.#assigned, this.#positions)) this.#finish();
    } catch (error) {
      this.#ended.reject(error);
    }
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

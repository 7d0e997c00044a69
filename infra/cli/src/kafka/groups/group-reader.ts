import type { KafkaOptions } from '@bifold/adapters/kafka';
import type { LogRecord } from '@bifold/core/engine';
import { boundFetches } from '@bifold/trigger/codecs';
import type { ConsumerCrashEvent, ConsumerGroupJoinEvent, IHeaders } from 'kafkajs';
import { asking, kafkaClient } from '../client.ts';

/** kafkajs joins, and would otherwise wait this long for an empty fetch before it leaves. */
const FETCH_WAIT_MS = 500;
const SESSION_TIMEOUT_MS = 10_000;
const HEARTBEAT_MS = 2_000;
/** A rebalance waits for members that are at work: no longer than this. */
const REBALANCE_TIMEOUT_MS = 20_000;
/**
 * A broker that has just started loads its groups first. kafkajs then gives up unless it is
 * restarted.
 */
const PATIENCE_MS = 30_000;
/** The time within which a new partition of the topic is read. */
const NEW_PARTITIONS_WITHIN_MS = 5_000;

export interface GroupReading {
  readonly kafka: KafkaOptions;
  readonly group: string;
  readonly topic: string;
  /** The start in partitions without a committed offset. */
  readonly beginsAt: 'earliest' | 'latest';
  /**
   * Deals with records, in their order, and says how many of them; fewer than all means that it
   * wants no more.
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
 * Reads as a member of a group, until it is enough or aborted, and leaves the group. Offsets are
 * committed after their records were dealt with: what was under way when a process died is read
 * again, nothing is skipped.
 */
export async function readAsGroup({
  kafka,
  group,
  topic,
  beginsAt,
  onRecords,
  isEnough,
  signal,
}: GroupReading): Promise<void> {
  let troubledAtMs: number | null = null;
  const isPassing = async (error: Error & { readonly retriable?: boolean }): Promise<boolean> => {
    if (error.name !== 'KafkaJSProtocolError' || error.retriable !== true) return false;
    troubledAtMs ??= performance.now();
    return performance.now() - troubledAtMs < PATIENCE_MS;
  };
  const consumer = kafkaClient(kafka).consumer({
    groupId: group,
    sessionTimeout: SESSION_TIMEOUT_MS,
    heartbeatInterval: HEARTBEAT_MS,
    rebalanceTimeout: REBALANCE_TIMEOUT_MS,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    metadataMaxAge: NEW_PARTITIONS_WITHIN_MS,
    readUncommitted: false,
    allowAutoTopicCreation: false,
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 12, restartOnFailure: isPassing },
  });
  boundFetches(consumer);
  let end: (error?: unknown) => void = () => {};
  const ended = new Promise<void>((resolve, reject) => {
    end = (error) => (error === undefined ? resolve() : reject(error));
  });
  ended.catch(() => {});
  let assigned: readonly number[] = [];
  const positions = new Map<number, number>();
  let isDone = false;
  const finish = (): void => {
    isDone = true;
    end();
  };
  const look = async (): Promise<void> => {
    try {
      if (await isEnough(assigned, positions)) finish();
    } catch (error) {
      end(error);
    }
  };
  consumer.on(consumer.events.CRASH, ({ payload }: ConsumerCrashEvent) => {
    if (!payload.restart) end(payload.error);
  });
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }: ConsumerGroupJoinEvent) => {
    troubledAtMs = null;
    assigned = payload.memberAssignment[topic] ?? [];
    // Another member may have gone on with a partition in the meantime.
    positions.clear();
    void look();
  });
  signal.addEventListener('abort', finish, { once: true });
  if (signal.aborted) finish();
  await asking(kafka, `reading ${topic} as group ${group}`, async () => {
    await consumer.connect();
    try {
      await consumer.subscribe({ topics: [topic], fromBeginning: beginsAt === 'earliest' });
      await consumer.run({
        autoCommit: false,
        partitionsConsumedConcurrently: 1,
        eachBatch: async ({ batch, heartbeat, isStale }) => {
          if (isDone || isStale()) return;
          const { partition, messages } = batch;
          const records = messages.map((message) => recordOf(partition, message));
          const taken = records.length === 0 ? 0 : await onRecords(records).catch((error) => fail(error));
          const last = records[taken - 1];
          const position = taken === records.length ? Number(batch.lastOffset()) + 1 : last && last.offset + 1;
          if (position !== undefined) {
            await consumer.commitOffsets([{ topic, partition, offset: String(position) }]);
            positions.set(partition, position);
          }
          if (taken < records.length) finish();
          else await look();
          await heartbeat();
        },
      });
      await ended;
    } finally {
      signal.removeEventListener('abort', finish);
      await consumer.disconnect();
    }
  });

  /** An error of the record handler is not Kafka's, and must not be retried. */
  function fail(error: unknown): number {
    isDone = true;
    end(error);
    return 0;
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
    // kafkajs gathers headers of one name in a list.
    headers: Object.entries(message.headers ?? {}).flatMap(([key, values]) =>
      [values ?? null].flat().map((value) => ({ key, value: value === null ? null : Buffer.from(value) })),
    ),
  };
}

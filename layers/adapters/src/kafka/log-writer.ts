import type { LogWriter, RelayedRecord } from '@bifold/core/engine';
import { produceV11 } from '@platformatic/kafka';
import { AdapterError } from '../errors.ts';
import { type Broker, type Cluster, type KafkaConnection, kafkaCluster } from './cluster.ts';
import { apiErrorsOf } from './errors.ts';
import { leaderNotAvailable, leadersOf, metadataOf } from './metadata.ts';

export interface KafkaLogWriterOptions extends KafkaConnection {
  readonly topic: string;
}

const ALL_IN_SYNC = -1;
const TIMEOUT_MS = 15_000;
/**
 * Below the brokers' default limit of a batch. A larger record is a batch of its own. If a topic
 * refuses such a batch, the batches that follow are smaller.
 */
const BATCH_BYTES = 512 * 1024;
const RECORD_OVERHEAD_BYTES = 64;

type Message = NonNullable<Parameters<typeof produceV11.api.async>[3]>[number];

interface TopicWriter {
  readonly cluster: Cluster;
  readonly topic: string;
  /** By partition; null until they are read, and again after an error. */
  leaders: ReadonlyMap<number, Broker> | null;
  /** The size up to which batches are filled. */
  batchBytes: number;
}

/** Appends records to their partitions. Each batch is acknowledged by all in-sync replicas. */
export function kafkaLogWriter(options: KafkaLogWriterOptions): LogWriter {
  const cluster = kafkaCluster(options);
  const writer: TopicWriter = { cluster, topic: options.topic, leaders: null, batchBytes: BATCH_BYTES };
  return {
    async append(records) {
      const byPartition = Map.groupBy(records, ({ partition }) => partition);
      await Promise.all(Array.from(byPartition, ([partition, group]) => appendInOrder(writer, partition, group)));
    },
    close: () => cluster.close(),
  };
}

/** One batch after the other: a partition keeps the order of its records. */
async function appendInOrder(writer: TopicWriter, partition: number, records: readonly RelayedRecord[]): Promise<void> {
  for (let from = 0; from < records.length; ) {
    const batch = firstBatch(records, from, writer.batchBytes);
    try {
      await produce(writer, partition, batch);
      from += batch.length;
    } catch (error) {
      if (batch.length === 1 || !isTooLarge(error)) throw error;
      writer.batchBytes = Math.ceil(sumOfSizes(batch) / 2);
    }
  }
}

/**
 * Whether the topic's `max.message.bytes` is smaller than a batch. A writer may lack the right to
 * read the settings of its topic.
 */
function isTooLarge(error: unknown): boolean {
  return error instanceof Error && apiErrorsOf(error.cause).includes('MESSAGE_TOO_LARGE');
}

function produce(writer: TopicWriter, partition: number, records: readonly RelayedRecord[]): Promise<void> {
  const { cluster, topic } = writer;
  return cluster.retry(
    `appending to ${topic}/${partition}`,
    async () => {
      const leader = (await leadersOfTopic(writer)).get(partition);
      if (leader === undefined) throw leaderNotAvailable();
      const messages = records.map((record) => messageOf(topic, record));
      const response = await cluster.send(leader, produceV11.api, ALL_IN_SYNC, TIMEOUT_MS, messages);
      if (typeof response === 'boolean') throw unacknowledged(topic, partition);
    },
    () => {
      writer.leaders = null;
    },
  );
}

async function leadersOfTopic(writer: TopicWriter): Promise<ReadonlyMap<number, Broker>> {
  if (writer.leaders !== null) return writer.leaders;
  const { brokers, topics } = await metadataOf(writer.cluster, [writer.topic]);
  const [topic] = topics;
  if (topic === undefined) throw leaderNotAvailable();
  const leaders = leadersOf(topic, brokers);
  writer.leaders = leaders;
  return leaders;
}

function messageOf(topic: string, { partition, timestampMs, key, value, headers }: RelayedRecord): Message {
  return {
    topic,
    partition,
    timestamp: BigInt(timestampMs),
    key: key as Buffer,
    // A tombstone's value is null on the wire: the library writes it, but its types lack it.
    value: value as Buffer,
    // Names may repeat: each Buffer is a separate key of the map.
    headers: new Map(headers.map((header) => [Buffer.from(header.key), header.value as Buffer])),
  };
}

/** The next records that fit a batch of this size; one record at least. */
function firstBatch(records: readonly RelayedRecord[], from: number, batchBytes: number): readonly RelayedRecord[] {
  let to = from;
  let sizeBytes = 0;
  for (; to < records.length; to++) {
    sizeBytes += sizeOf(records[to] as RelayedRecord);
    if (to > from && sizeBytes > batchBytes) break;
  }
  return records.slice(from, to);
}

const sumOfSizes = (records: readonly RelayedRecord[]): number =>
  records.reduce((sum, record) => sum + sizeOf(record), 0);

function sizeOf({ key, value, headers }: RelayedRecord): number {
  const headerBytes = headers.reduce((sum, header) => sum + header.key.length + (header.value?.length ?? 0), 0);
  return RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0) + headerBytes;
}

function unacknowledged(topic: string, partition: number): AdapterError {
  return new AdapterError('BIFOLD_KAFKA_FAILED', {
    failed: `appending to ${topic}/${partition}`,
    received: 'no acknowledgement',
    allowed: 'one by all replicas that are in sync',
    remedy: 'try again',
  });
}

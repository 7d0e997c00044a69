import type { LogWriter, RelayedRecord } from '@bifold/core/engine';
import { type metadataV12, produceV11 } from '@platformatic/kafka';
import { AdapterError } from '../errors.ts';
import { type Broker, type KafkaConnection, kafkaCluster } from './cluster.ts';
import { metadataOf, stillToCome } from './metadata.ts';

export interface KafkaLogWriterOptions extends KafkaConnection {
  readonly topic: string;
}

const ALL_IN_SYNC = -1;
const TIMEOUT_MS = 15_000;
/**
 * The size of a batch, below the default limit of brokers. A larger record is sent in its own
 * batch.
 */
const BATCH_BYTES = 512 * 1024;
const RECORD_OVERHEAD_BYTES = 64;

type Message = NonNullable<Parameters<typeof produceV11.api.async>[3]>[number];
type Leaders = ReadonlyMap<number, Broker>;

/** Appends records to their partitions. Each batch is acknowledged by all in-sync replicas. */
export function kafkaLogWriter(options: KafkaLogWriterOptions): LogWriter {
  const { topic } = options;
  const cluster = kafkaCluster(options);
  let known: Leaders | null = null;

  const leaders = async (): Promise<Leaders> => {
    if (known !== null) return known;
    const { brokers, topics } = await metadataOf(cluster, [topic]);
    const [found]: readonly metadataV12.MetadataResponseTopic[] = topics;
    if (found === undefined) throw stillToCome();
    known = new Map(
      found.partitions.flatMap(({ partitionIndex, leaderId }) => {
        const broker = brokers.get(leaderId);
        return broker === undefined ? [] : [[partitionIndex, broker] as const];
      }),
    );
    return known;
  };

  const send = (partition: number, records: readonly RelayedRecord[]): Promise<void> =>
    cluster.persist(
      `appending to ${topic}/${partition}`,
      async () => {
        const leader = (await leaders()).get(partition);
        if (leader === undefined) throw stillToCome();
        const answer = await cluster.ask(
          leader,
          produceV11.api,
          ALL_IN_SYNC,
          TIMEOUT_MS,
          records.map((record) => messageOf(topic, record)),
        );
        if (typeof answer === 'boolean') throw unacknowledged(topic, partition);
      },
      () => {
        known = null;
      },
    );

  return {
    async append(records) {
      await Promise.all(
        Array.from(
          Map.groupBy(records, ({ partition }) => partition),
          async ([partition, own]) => {
            for (const batch of batchesOf(own)) await send(partition, batch);
          },
        ),
      );
    },
    close: () => cluster.close(),
  };
}

function messageOf(topic: string, { partition, timestampMs, key, value, headers }: RelayedRecord): Message {
  return {
    topic,
    partition,
    timestamp: BigInt(timestampMs),
    key: key as Buffer,
    // A tombstone has a null value. The library supports it, although its types do not.
    value: value as Buffer,
    // Names may repeat: each Buffer is a separate key of the map.
    headers: new Map(headers.map((header) => [Buffer.from(header.key), header.value as Buffer])),
  };
}

function* batchesOf(records: readonly RelayedRecord[]): Iterable<readonly RelayedRecord[]> {
  let batch: RelayedRecord[] = [];
  let sizeBytes = 0;
  for (const record of records) {
    const ownBytes = sizeOf(record);
    if (batch.length > 0 && sizeBytes + ownBytes > BATCH_BYTES) {
      yield batch;
      batch = [];
      sizeBytes = 0;
    }
    batch.push(record);
    sizeBytes += ownBytes;
  }
  if (batch.length > 0) yield batch;
}

function sizeOf({ key, value, headers }: RelayedRecord): number {
  const inHeaders = headers.reduce((sum, header) => sum + header.key.length + (header.value?.length ?? 0), 0);
  return RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0) + inHeaders;
}

function unacknowledged(topic: string, partition: number): AdapterError {
  return new AdapterError('BIFOLD_KAFKA_FAILED', {
    failed: `appending to ${topic}/${partition}`,
    received: 'no acknowledgement',
    allowed: 'one by all replicas that are in sync',
    remedy: 'try again',
  });
}

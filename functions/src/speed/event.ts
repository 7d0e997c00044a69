import { type LogRecord, ProtocolError } from '@bifold/core/engine';

/** Lambda's event for a batch of Kafka records: `SelfManagedKafka` and MSK alike. */
export interface KafkaEvent {
  readonly eventSource: 'SelfManagedKafka' | 'aws:kafka';
  readonly bootstrapServers?: string;
  /** Records by `topic-partition`. */
  readonly records: Readonly<Record<string, readonly KafkaEventRecord[]>>;
}

export interface KafkaEventRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  /**
   * Base64. Null or absent if the record has no key. The value of a tombstone may also be null or
   * absent.
   */
  readonly key?: string | null;
  readonly value?: string | null;
  /** Each header is an object of one name; its bytes are signed. */
  readonly headers?: readonly Readonly<Record<string, readonly number[] | null>>[];
}

/**
 * The event's records by partition, each in ascending offset order, as one delivery of one
 * partition.
 * @throws {ProtocolError} for records of another topic: the mapping is not the one that this
 * function was deployed with
 */
export function recordsByPartition(event: KafkaEvent, topic: string): ReadonlyMap<number, readonly LogRecord[]> {
  const topics = recordsByTopic(event);
  for (const other of topics.keys()) if (other !== topic) refuseTopic(other, topic);
  return topics.get(topic) ?? new Map();
}

/** The event's records by topic and partition, each partition in ascending offset order. */
export function recordsByTopic(event: KafkaEvent): ReadonlyMap<string, ReadonlyMap<number, readonly LogRecord[]>> {
  if (event?.records === null || typeof event?.records !== 'object') refuseEvent(event);
  const topics = new Map<string, Map<number, LogRecord[]>>();
  for (const batch of Object.values(event.records)) {
    for (const record of batch) {
      let partitions = topics.get(record.topic);
      if (partitions === undefined) {
        partitions = new Map();
        topics.set(record.topic, partitions);
      }
      const records = partitions.get(record.partition);
      if (records) records.push(logRecord(record));
      else partitions.set(record.partition, [logRecord(record)]);
    }
  }
  for (const partitions of topics.values())
    for (const records of partitions.values()) records.sort((left, right) => left.offset - right.offset);
  return topics;
}

function logRecord(record: KafkaEventRecord): LogRecord {
  return {
    partition: record.partition,
    offset: record.offset,
    timestampMs: record.timestamp,
    key: bytesOf(record.key),
    value: bytesOf(record.value),
    headers: (record.headers ?? []).flatMap((header) =>
      Object.entries(header).map(([key, bytes]) => ({
        key,
        value: bytes === null ? null : Uint8Array.from(bytes, (byte) => byte & 0xff),
      })),
    ),
  };
}

function bytesOf(base64: string | null | undefined): Uint8Array | null {
  return base64 === null || base64 === undefined ? null : Buffer.from(base64, 'base64');
}

function refuseEvent(event: unknown): never {
  throw new ProtocolError('BIFOLD_NOT_A_KAFKA_EVENT', {
    failed: 'a function of the stream was invoked with something else than Kafka records',
    received: (JSON.stringify(event) ?? 'nothing').slice(0, 100),
    allowed: 'the event of a Kafka event source mapping: { eventSource, records: { "topic-partition": [...] } }',
    remedy: 'send records to the topic, rather than invoking the function by hand',
  });
}

function refuseTopic(received: string, topic: string): never {
  throw new ProtocolError('BIFOLD_FOREIGN_TOPIC', {
    failed: 'a batch holds records of a topic that this function does not fold',
    received: `"${received}"`,
    allowed: `"${topic}"`,
    remedy: 'deploy the pipeline again, so that its event source mapping names its own topic',
  });
}

import { described, type EventSchema, type Log, refuse } from '@bifold/core/engine';
import type { Topics } from '../ports.ts';
import { ended, gone, noTopic, recreated, shorter } from './kafka-errors.ts';
import { type KafkaPosition, sharedOut, startOf, type TopicPosition } from './kafka-position.ts';
import { type RowOfRecord, rowOfRecord } from './kafka-rows.ts';
import {
  checkLimit,
  chunkOf,
  type OpenSource,
  type RowsOf,
  type SourceChunk,
  type SourceDescriptor,
  type SourceNode,
  type StartingOffsets,
} from './source.ts';

export interface KafkaNode extends SourceNode {
  readonly kind: 'kafka';
  readonly topics: readonly string[] | { readonly pattern: string };
  /** Null: rows are the records themselves, as `KafkaRow` names their parts. */
  readonly schema: EventSchema | null;
  readonly startingOffsets: StartingOffsets;
  readonly maxOffsetsPerTrigger: number | null;
}

/**
 * A record of Kafka as a row, if `kafka` has no schema.
 *
 * @example
 * const records: Source<KafkaRow> = kafka({ topic: 'rides' });
 */
export interface KafkaRow {
  /** The key as text. */
  readonly key: string | null;
  /** The value as text; null for a tombstone. */
  readonly value: string | null;
  /** The topic of the record. */
  readonly topic: string;
  /** The partition of the record. */
  readonly partition: number;
  /** The offset of the record in its partition. */
  readonly offset: number;
  /** The time that Kafka has for the record. It is the event time. */
  readonly timestamp: string;
}

export const kafkaSourceDescriptor: SourceDescriptor<KafkaNode> = {
  kind: 'kafka',
  check: checkKafka,
  fingerprint: ({ kind, topics }) => ({ kind, topics }),
  startingAt: (node, startingOffsets) => ({ ...node, startingOffsets }),
  open: async (node, rows, { ports }) => new KafkaSource(node, rows, await ports.topics()),
};

function checkKafka({ topics, startingOffsets, maxOffsetsPerTrigger }: KafkaNode, where: string): void {
  if (Array.isArray(topics) && topics.length === 0)
    refuse('BIFOLD_NO_TOPIC', {
      failed: `${where} reads from no topic`,
      received: '[]',
      allowed: 'a topic, several, or a pattern of their names',
      remedy: "write kafka({ topic: 'departures' })",
    });
  if (!isStart(startingOffsets))
    refuse('BIFOLD_BAD_OFFSETS', {
      failed: `${where} has invalid startingOffsets`,
      received: described(startingOffsets),
      allowed: "'earliest', 'latest', { timestamp: an ISO 8601 text }, or offsets by topic and partition",
      remedy: "write startingOffsets: 'earliest'",
    });
  checkLimit(where, 'maxOffsetsPerTrigger', maxOffsetsPerTrigger);
}

function isStart(start: StartingOffsets): boolean {
  if (typeof start !== 'object' || start === null) return start === 'earliest' || start === 'latest';
  if (typeof start.timestamp === 'string') return !Number.isNaN(Date.parse(start.timestamp));
  return Object.values(start).every(
    (offsets) =>
      typeof offsets === 'object' &&
      offsets !== null &&
      Object.entries(offsets).every(
        ([partition, offset]) => /^\d+$/.test(partition) && Number.isSafeInteger(offset) && (offset as number) >= 0,
      ),
  );
}

const READ_BYTES_MAX = 4 * 1024 * 1024;

/** Topics, read by offset and without a consumer group: the checkpoint holds the position. */
class KafkaSource implements OpenSource {
  private readonly node: KafkaNode;
  private readonly topics: Topics;
  private readonly rowOf: RowOfRecord;
  private readonly logs = new Map<string, Promise<Log>>();

  constructor(node: KafkaNode, rows: RowsOf, topics: Topics) {
    this.node = node;
    this.topics = topics;
    this.rowOf = rowOfRecord(node.schema, rows);
  }

  async begin(): Promise<KafkaPosition> {
    const { startingOffsets } = this.node;
    const entries = (await this.topicNames()).map(async (topic) => {
      const id = await this.idOf(topic);
      return [topic, { id, offsets: await startOf(topic, startingOffsets, this.topics) }] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  }

  async available(from: KafkaPosition): Promise<KafkaPosition> {
    // Missing topics are reported by name, even if a pattern no longer finds them.
    const names = new Set([...Object.keys(from), ...(await this.topicNames())]);
    const entries = [...names].map(async (topic) => [topic, await this.endOf(topic, from[topic])] as const);
    return Object.fromEntries(await Promise.all(entries));
  }

  bounded(from: KafkaPosition, available: KafkaPosition): KafkaPosition {
    const { maxOffsetsPerTrigger } = this.node;
    return maxOffsetsPerTrigger === null ? available : sharedOut(from, available, maxOffsetsPerTrigger);
  }

  async *read(from: KafkaPosition, to: KafkaPosition): AsyncGenerator<SourceChunk> {
    for (const [topic, position] of Object.entries(to)) {
      await this.checkedId(topic, position);
      const log = await this.logOf(topic);
      for (const [partition, end] of Object.entries(position.offsets)) {
        // A topic or partition that was not there before is read from its beginning.
        const start = from[topic]?.offsets[partition] ?? (await log.bounds(Number(partition))).start;
        yield* this.readPartition(topic, log, Number(partition), start, end);
      }
    }
  }

  async close(): Promise<void> {}

  private async *readPartition(
    topic: string,
    log: Log,
    partition: number,
    start: number,
    end: number,
  ): AsyncGenerator<SourceChunk> {
    const { rowOf } = this;
    for (let at = start; at < end; ) {
      const slice = await log.read(partition, at, end, READ_BYTES_MAX);
      if (slice.logStart > at) throw gone(topic, partition, at, slice.logStart);
      if (slice.end === at) throw ended(topic, partition, at, end);
      yield chunkOf(
        slice.records,
        ({ offset }) => `${topic}/${partition}/${offset}`,
        (record) => rowOf(topic, record),
      );
      at = slice.end;
    }
  }

  /** The position at the end of a topic. */
  private async endOf(topic: string, known: TopicPosition | undefined): Promise<TopicPosition> {
    const id = await this.checkedId(topic, known);
    const offsets = known?.offsets ?? {};
    const ends = await this.topics.offsets(topic, 'latest');
    for (const [partition, end] of ends)
      if (end < (offsets[partition] ?? 0)) throw shorter(topic, partition, offsets[partition] as number, end);
    // A partition without a leader is not listed, and keeps its position.
    return { id, offsets: { ...offsets, ...Object.fromEntries(ends) } };
  }

  private async topicNames(): Promise<readonly string[]> {
    const { topics } = this.node;
    if (!('pattern' in topics)) return topics;
    const pattern = new RegExp(`^(?:${topics.pattern})$`);
    return (await this.topics.names()).filter((name) => pattern.test(name)).sort();
  }

  /** @throws {StreamError} if the topic is no longer the one that was read */
  private async checkedId(topic: string, known: TopicPosition | undefined): Promise<string> {
    const id = await this.idOf(topic);
    if (known !== undefined && known.id !== id) throw recreated(topic, known.id, id);
    return id;
  }

  private async idOf(topic: string): Promise<string> {
    const id = await (await this.logOf(topic)).topicId();
    if (id === null) throw noTopic(topic);
    return id;
  }

  private logOf(topic: string): Promise<Log> {
    const log = this.logs.get(topic) ?? this.topics.log(topic);
    this.logs.set(topic, log);
    return log;
  }
}

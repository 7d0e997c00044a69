import { isUtf8 } from 'node:buffer';
import { decoderOf, type Log, type LogRecord, type Value } from '@bifold/core/engine';
import type { KafkaNode } from '../definition/source.ts';
import { RunnerError } from '../errors.ts';
import type { Topics } from '../ports.ts';
import { rowReader } from './row-reader.ts';
import type { BadRow, OpenSource, RowsOf, SourceChunk } from './source.ts';

/**
 * The position in each topic: the topic id, because offsets are valid for one topic only, and the
 * next offset of each partition.
 */
interface TopicPosition {
  readonly id: string;
  readonly offsets: Readonly<Record<string, number>>;
}
type KafkaPosition = Readonly<Record<string, TopicPosition>>;

const READ_BYTES_MAX = 4 * 1024 * 1024;

/** Reads topics by offset and without a consumer group. The checkpoint has the positions. */
export function kafkaSource(node: KafkaNode, rows: RowsOf, topics: Topics): OpenSource {
  const toRow = rowOfRecord(node, rows);

  const logs = new Map<string, Promise<Log>>();
  const logOf = (topic: string): Promise<Log> => {
    const log = logs.get(topic) ?? topics.log(topic);
    logs.set(topic, log);
    return log;
  };

  const topicNames = async (): Promise<readonly string[]> => {
    if (!('pattern' in node.topics)) return node.topics;
    const pattern = new RegExp(`^(?:${node.topics.pattern})$`);
    return (await topics.names()).filter((name) => pattern.test(name)).sort();
  };

  const idOf = async (topic: string): Promise<string> => {
    const id = await (await logOf(topic)).topicId();
    if (id === null) throw noTopic(topic);
    return id;
  };

  /**
   * Returns the id of the topic.
   * @throws if the topic was deleted or recreated
   */
  const checkedId = async (topic: string, known: TopicPosition | undefined): Promise<string> => {
    const id = await idOf(topic);
    if (known !== undefined && known.id !== id) throw recreated(topic, known.id, id);
    return id;
  };

  return {
    async begin() {
      const names = await topicNames();
      const entries = names.map(async (topic) => {
        const id = await idOf(topic);
        return [topic, { id, offsets: await startingOffsets(topic, node, topics) }] as const;
      });
      return Object.fromEntries(await Promise.all(entries));
    },

    async available(position) {
      const from = position as KafkaPosition;
      // Missing topics are reported by name, even if a pattern no longer finds them.
      const names = new Set([...Object.keys(from), ...(await topicNames())]);
      const entries = [...names].map(async (topic) => {
        const id = await checkedId(topic, from[topic]);
        const known = from[topic]?.offsets ?? {};
        const ends = await topics.offsets(topic, 'latest');
        for (const [partition, end] of ends)
          if (end < (known[partition] ?? 0)) throw shorter(topic, partition, known[partition] as number, end);
        // A partition without a leader is not listed, and keeps its position.
        return [topic, { id, offsets: { ...known, ...Object.fromEntries(ends) } }] as const;
      });
      return Object.fromEntries(await Promise.all(entries));
    },

    bounded(from, available) {
      return node.maxOffsetsPerTrigger === null
        ? available
        : shared(from as KafkaPosition, available as KafkaPosition, node.maxOffsetsPerTrigger);
    },

    async *read(from, to): AsyncGenerator<SourceChunk> {
      for (const [topic, { id, offsets }] of Object.entries(to as KafkaPosition)) {
        const known = (from as KafkaPosition)[topic];
        await checkedId(topic, { id, offsets });
        const log = await logOf(topic);
        for (const [partition, end] of Object.entries(offsets)) {
          // A new topic or partition is read from its beginning.
          const start = known?.offsets[partition] ?? (await log.bounds(Number(partition))).start;
          yield* stretch(topic, log, Number(partition), start, end);
        }
      }
    },

    close: async () => undefined,
  };

  async function* stretch(topic: string, log: Log, partition: number, start: number, end: number) {
    for (let at = start; at < end; ) {
      const slice = await log.read(partition, at, end, READ_BYTES_MAX);
      if (slice.logStart > at) throw gone(topic, partition, at, slice.logStart);
      if (slice.end === at) throw ended(topic, partition, at, end);
      const rows: (readonly Value[])[] = [];
      const bad: BadRow[] = [];
      for (const record of slice.records) {
        const row = toRow(topic, record);
        if (row.kind === 'row') rows.push(row.values);
        else bad.push({ where: `${topic}/${partition}/${record.offset}`, reason: row.reason, detail: row.detail });
      }
      yield { rows, bad };
      at = slice.end;
    }
  }
}

async function startingOffsets(
  topic: string,
  { startingOffsets: start }: KafkaNode,
  topics: Topics,
): Promise<Readonly<Record<string, number>>> {
  if (start === 'earliest' || start === 'latest') return Object.fromEntries(await topics.offsets(topic, start));
  if (typeof start.timestamp === 'string')
    return Object.fromEntries(await topics.offsets(topic, { timestampMs: Date.parse(start.timestamp) }));
  // Partitions that are not listed begin at the start of the log.
  const named = (start as Readonly<Record<string, Readonly<Record<string, number>>>>)[topic] ?? {};
  return { ...Object.fromEntries(await topics.offsets(topic, 'earliest')), ...named };
}

/**
 * Limits the offsets of a batch. As in Spark, each partition gets a share in proportion to its
 * available offsets. The rest after rounding goes to the first partitions with more.
 */
function shared(from: KafkaPosition, available: KafkaPosition, limit: number): KafkaPosition {
  const parts = Object.entries(available).flatMap(([topic, { offsets }]) =>
    Object.entries(offsets).map(([partition, end]) => {
      const start = from[topic]?.offsets[partition] ?? 0;
      return { topic, partition, start, size: Math.max(0, end - start) };
    }),
  );
  const total = parts.reduce((sum, { size }) => sum + size, 0);
  if (total <= limit) return available;
  const shares = parts.map((part) => ({ ...part, share: Math.floor((part.size * limit) / total) }));
  let left = limit - shares.reduce((sum, { share }) => sum + share, 0);
  for (const part of shares) {
    if (left === 0) break;
    if (part.share === part.size) continue;
    part.share++;
    left--;
  }
  const result: Record<string, { id: string; offsets: Record<string, number> }> = {};
  for (const { topic, partition, start, share } of shares) {
    result[topic] ??= { id: (available[topic] as TopicPosition).id, offsets: {} };
    result[topic].offsets[partition] = start + share;
  }
  return result;
}

type RowOfRecord = (
  topic: string,
  record: LogRecord,
) => { readonly kind: 'row'; readonly values: readonly Value[] } | ({ readonly kind: 'bad' } & Omit<BadRow, 'where'>);

function rowOfRecord({ schema }: KafkaNode, rows: RowsOf): RowOfRecord {
  const { decodedBy } = rows;
  if (decodedBy !== null) {
    const decode = decoderOf(decodedBy);
    return (_, { value }) => {
      const decoded = decode(value);
      return decoded.kind === 'event'
        ? { kind: 'row', values: decoded.values }
        : { kind: 'bad', reason: decoded.reason, detail: decoded.detail };
    };
  }
  if (schema === null) return rawRow;
  const read = rowReader(schema, rows);
  return (_, { value }) => {
    if (value === null) return { kind: 'bad', reason: 'tombstone', detail: 'the value is null' };
    if (!isUtf8(value)) return { kind: 'bad', reason: 'not-utf8', detail: 'the bytes are not UTF-8 text' };
    let record: unknown;
    try {
      record = JSON.parse(Buffer.from(value).toString('utf8'));
    } catch (error) {
      return { kind: 'bad', reason: 'not-json', detail: error instanceof Error ? error.message : String(error) };
    }
    return read(record);
  };
}

/** A Kafka record as a row with the columns of `KafkaRow`. */
const rawRow: RowOfRecord = (topic, { key, value, partition, offset, timestampMs }) => {
  if (![key, value].every((bytes) => bytes === null || isUtf8(bytes)))
    return { kind: 'bad', reason: 'not-utf8', detail: 'key or value is not UTF-8 text' };
  return {
    kind: 'row',
    values: [textOf(key), textOf(value), topic, partition, offset, timestampMs],
  };
};

function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('utf8');
}

function noTopic(topic: string): RunnerError {
  return new RunnerError('BIFOLD_NO_TOPIC', {
    failed: `topic "${topic}" cannot be read`,
    received: 'no topic of that name',
    allowed: 'a topic that is there',
    remedy: `correct the name, or create it: npx bifold topic create ${topic}`,
  });
}

function recreated(topic: string, known: string, found: string): RunnerError {
  return new RunnerError('BIFOLD_TOPIC_GONE', {
    failed: `topic "${topic}" cannot be read on`,
    received: `topic id ${found}: it was created anew`,
    allowed: `topic id ${known}, whose offsets the checkpoint holds`,
    remedy: 'begin anew: npx bifold checkpoint reset',
  });
}

function shorter(topic: string, partition: number, known: number, end: number): RunnerError {
  return new RunnerError('BIFOLD_LOG_SHORTER', {
    failed: `partition ${partition} of topic "${topic}" cannot be read on`,
    received: `a log that ends at ${end}`,
    allowed: `a log that reaches ${known}, up to where it was read`,
    remedy: 'find out which records were lost (an unclean election?); to begin anew: npx bifold checkpoint reset',
  });
}

function gone(topic: string, partition: number, offset: number, logStart: number): RunnerError {
  return new RunnerError('BIFOLD_RECORDS_GONE', {
    failed: `records ${offset} to ${logStart - 1} of partition ${partition} of topic "${topic}" cannot be read`,
    received: `a log that begins at ${logStart}: retention took them`,
    allowed: 'every record since the last batch',
    remedy: 'keep records longer than the stream may be down; to begin anew: npx bifold checkpoint reset',
  });
}

function ended(topic: string, partition: number, offset: number, end: number): RunnerError {
  return new RunnerError('BIFOLD_LOG_SHORTER', {
    failed: `records ${offset} to ${end - 1} of partition ${partition} of topic "${topic}" cannot be read`,
    received: `a log that ends at ${offset}`,
    allowed: 'the records that the batch was planned with',
    remedy: 'find out which records were lost (an unclean election?); to begin anew: npx bifold checkpoint reset',
  });
}

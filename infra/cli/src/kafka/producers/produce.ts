import { setTimeout as sleep } from 'node:timers/promises';
import { cellOfValue } from '@bifold/adapters/formats';
import type { KafkaOptions, TopicState } from '@bifold/adapters/kafka';
import type { Context } from '../../context.ts';
import { CliError } from '../../errors.ts';
import { type BatchLimit, batchBytesOf, batchLimitOf, REQUEST_BYTES_MAX, refuseTooLarge } from './batch-limit.ts';
import { partitionOf } from './partitioner.ts';
import { type OutgoingRecord, recordProducer } from './record-producer.ts';

/** A record before its partition is known. */
export interface KeyedRecord {
  readonly key: string | null;
  readonly value: string | Buffer;
}

export interface ProduceOptions {
  /** Records per second. Null sends as fast as possible. */
  readonly rate: number | null;
  /**
   * Called after each request with the number of handled records (sent now or before), and the
   * number sent by this call.
   */
  readonly onProgress?: (dealtWith: number, sent: number) => void;
  /** Other brokers than those of the local cloud. */
  readonly kafka?: KafkaOptions;
  /** The headers of every record. */
  readonly headers?: Readonly<Record<string, readonly string[]>>;
  /**
   * `together` sends records without a key to one partition, so that their order is total. `in
   * turn` uses all partitions.
   */
  readonly keyless?: 'together' | 'in turn';
  /**
   * Whether to send waiting records at once when no further record is available, for example while
   * a person types.
   */
  readonly isLive?: boolean;
  /** Ends the send as if there were no more records. */
  readonly signal?: AbortSignal;
}

export interface Produced {
  readonly sent: number;
  /** The number of records that were sent before. */
  readonly skipped: number;
  /** For each partition, the end offset for readers of committed records. */
  readonly endOffsets: Readonly<Record<string, number>>;
}

/** A sink of records, one request at a time. */
export interface Outlet {
  send(records: readonly OutgoingRecord[]): Promise<void>;
  /** Called when nothing is sent for this time. */
  pause?(waitMs: number): Promise<void>;
}

/**
 * The number of records that wait to be sent together. Their sizes fit one request. The producer
 * splits it where a topic takes only smaller batches.
 */
const WAITING_RECORDS_MAX = 4_000;
const LIVE_WAIT_MS = 20;

/**
 * Sends records in their order, each to the partition of its key. @throws when the topic does not
 * exist
 */
export async function produce(
  context: Context,
  topic: string,
  records: Iterable<KeyedRecord> | AsyncIterable<KeyedRecord>,
  options: ProduceOptions,
): Promise<Produced> {
  const { headers, onProgress, kafka = brokersOf(context) } = options;
  const state = await topicState(kafka, topic);
  const limit = limitOf(state);
  const producer = await recordProducer(kafka, limit);
  let sent = 0;
  try {
    const send = (some: readonly OutgoingRecord[]) => producer.send(some, headers);
    const onSent = (count: number) => onProgress?.(count, count);
    sent = await pump(records, state.partitions.length, { send }, { ...options, limit, onSent });
  } finally {
    await producer.close();
  }
  return { sent, skipped: 0, endOffsets: endsOf(await topicState(kafka, topic)) };
}

interface PumpOptions extends Omit<ProduceOptions, 'onProgress'> {
  readonly limit: BatchLimit;
  readonly onSent: (sent: number) => void;
}

export const brokersOf = ({ addresses }: Context): KafkaOptions => ({ brokers: [addresses.kafka.brokersInternal] });

/**
 * Passes records to an outlet in batches, as fast as the rate allows.
 *
 * @returns how many
 * @throws {UsageError} for a record that no batch of the topic can hold; those before it are sent
 */
export async function pump(
  records: Iterable<KeyedRecord> | AsyncIterable<KeyedRecord>,
  partitions: number,
  outlet: Outlet,
  options: PumpOptions,
): Promise<number> {
  const { rate, limit, headers = {}, keyless = 'together', isLive = false, signal, onSent } = options;
  const startedAtMs = performance.now();
  const waitingRecordsMax =
    rate === null ? WAITING_RECORDS_MAX : Math.max(1, Math.min(WAITING_RECORDS_MAX, Math.ceil(rate / 10)));
  let waiting: OutgoingRecord[] = [];
  let waitingBytes = 0;
  let sent = 0;
  let withoutKey = 0;
  let isSending = false;
  const flush = async () => {
    if (waiting.length === 0) return;
    isSending = true;
    await outlet.send(waiting);
    isSending = false;
    sent += waiting.length;
    waiting = [];
    waitingBytes = 0;
    onSent(sent);
    if (rate === null) return;
    const dueMs = (sent / rate) * 1000 - (performance.now() - startedAtMs);
    if (dueMs <= 0) return;
    await outlet.pause?.(dueMs);
    await sleep(dueMs, undefined, signal && { signal }).catch(() => {});
  };
  try {
    for await (const { key, value } of isLive ? whenCalm(records, flush, signal) : records) {
      if (signal?.aborted) break;
      const record = { key, value, headers };
      refuseTooLarge(record, limit, key === null ? 'a record' : `the record with key "${key}"`);
      const partition =
        key === null && keyless === 'in turn' ? withoutKey++ % partitions : partitionOf(key, partitions);
      const sizeBytes = batchBytesOf(record);
      if (waiting.length >= waitingRecordsMax || waitingBytes + sizeBytes > REQUEST_BYTES_MAX) await flush();
      waiting.push({ partition, key, value });
      waitingBytes += sizeBytes;
    }
    await flush();
  } catch (error) {
    // A line that is no record does not keep those before it from being sent.
    if (!isSending) await flush();
    throw error;
  }
  onSent(sent);
  return sent;
}

/** Passes records on. `onPause` runs if the next record is delayed. An abort ends the sequence. */
async function* whenCalm<T>(
  items: Iterable<T> | AsyncIterable<T>,
  onPause: () => Promise<void>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const aborted = new Promise<'aborted'>((resolve) => {
    if (signal?.aborted) resolve('aborted');
    signal?.addEventListener('abort', () => resolve('aborted'), { once: true });
  });
  for (;;) {
    const coming = Promise.resolve(iterator.next());
    // Awaited below; a failure until then is thrown there.
    coming.catch(() => {});
    const timer = new AbortController();
    const pause = sleep(LIVE_WAIT_MS, 'paused' as const, { signal: timer.signal }).catch(() => 'paused' as const);
    if ((await Promise.race([coming, pause])) === 'paused') await onPause();
    timer.abort();
    const next = await Promise.race([coming, aborted]);
    if (next === 'aborted' || next.done) return;
    yield next.value;
  }
}

/**
 * Describes an existing topic.
 * @throws when the topic does not exist
 */
export async function topicState(kafka: KafkaOptions, topic: string): Promise<TopicState> {
  const topics = (await import('@bifold/adapters/kafka')).kafkaTopics(kafka);
  try {
    const described = await topics.describe(topic);
    if (described === null) throw noTopic(topic);
    return described;
  } finally {
    await topics.close();
  }
}

/** The largest batch that the topic takes, as it is configured now. */
export function limitOf({ name, configs }: TopicState): BatchLimit {
  return batchLimitOf(name, Object.fromEntries(configs.map(({ name: entry, value }) => [entry, value])));
}

/** Per partition, the end of the log. */
export function endsOf({ partitions }: TopicState): Record<string, number> {
  return Object.fromEntries(partitions.map(({ partition, end }) => [partition, end ?? 0]));
}

function noTopic(topic: string): CliError {
  return new CliError('BIFOLD_NO_TOPIC', {
    failed: `topic "${topic}" does not exist`,
    received: 'no topic of that name',
    allowed: 'a topic that was created as its pipeline needs it',
    remedy: 'npx bifold deploy creates the topics of the pipelines that it deploys',
  });
}

/** The key of a record: the text of its `partitionBy` field. */
export function keyOf(record: unknown, partitionBy: string): string | null {
  if (record === null || typeof record !== 'object' || !Object.hasOwn(record, partitionBy)) return null;
  const value = (record as Record<string, unknown>)[partitionBy];
  return value === null || value === undefined ? null : cellOfValue(value);
}

/** Records from JSON texts, with the key of their `partitionBy` field. */
export function keyedLines(lines: readonly string[], partitionBy: string): readonly KeyedRecord[] {
  return lines.map((value) => ({ key: keyOf(JSON.parse(value), partitionBy), value }));
}

import type { Explanation } from '@bifold/core/engine';
import { UsageError } from '../../errors.ts';

/** The headers of a record, several values of one name in a list. */
export type RecordHeaders = Readonly<Record<string, string | readonly string[]>>;

/** A record as the broker measures it. */
interface SizedRecord {
  /** Absent if the client library chooses the partition. */
  readonly partition?: number;
  readonly key: string | null;
  readonly value: string | Buffer | null;
  readonly headers?: RecordHeaders;
}

/** The largest batch of records that a topic takes. */
export interface BatchLimit {
  readonly topic: string;
  /** The topic's `max.message.bytes`. */
  readonly bytesMax: number;
  /** The size up to which batches are filled: less if the broker compresses them itself. */
  readonly fillBytes: number;
}

/** The broker's default, for a topic whose configuration is not shown. */
const BATCH_BYTES_DEFAULT = 1_048_588;
/** The bytes of a batch before its records. https://kafka.apache.org/documentation/#recordbatch */
const BATCH_HEADER_BYTES = 61;
/** The limit of one request, over all partitions. A larger record is a request of its own. */
export const REQUEST_BYTES_MAX = 900_000;
/** Compression makes random bytes longer: by at most 1% and the header of the codec. */
const COMPRESSION_GROWTH = 0.01;
const CODEC_HEADER_BYTES = 64;

/** @param config the settings in force by name; those that the broker does not show are absent */
export function batchLimitOf(topic: string, config: Readonly<Record<string, string | null>>): BatchLimit {
  const bytesMax = Number(config['max.message.bytes'] ?? BATCH_BYTES_DEFAULT);
  const isStoredAsSent = ['producer', 'uncompressed'].includes(config['compression.type'] ?? 'producer');
  const growthBytes = isStoredAsSent ? 0 : Math.ceil(bytesMax * COMPRESSION_GROWTH) + CODEC_HEADER_BYTES;
  return { topic, bytesMax, fillBytes: bytesMax - growthBytes };
}

/**
 * The size of a batch of this one record without compression. The broker compares it with the
 * limit.
 */
export function batchBytesOf(record: SizedRecord): number {
  return BATCH_HEADER_BYTES + recordBytesOf(record, 0);
}

/**
 * Refuses a record that no batch of the topic can hold.
 * @param subject the record in the words of the caller, such as its line
 */
export function refuseTooLarge(
  record: SizedRecord,
  limit: BatchLimit,
  subject: string,
  consequence = 'nothing of it was sent',
): void {
  const sizeBytes = batchBytesOf(record);
  if (sizeBytes <= limit.bytesMax) return;
  throw new UsageError('BIFOLD_RECORD_TOO_LARGE', tooLarge(subject, sizeBytes, limit, consequence));
}

/** Returns why no batch of the topic can hold a record, or null if one can. */
export function tooLargeReason(record: SizedRecord, { topic, bytesMax }: BatchLimit): string | null {
  const sizeBytes = batchBytesOf(record);
  if (sizeBytes <= bytesMax) return null;
  return `a record of ${sizeBytes} bytes; topic "${topic}" takes ${bytesMax} at most (max.message.bytes)`;
}

function tooLarge(subject: string, sizeBytes: number, limit: BatchLimit, consequence: string): Explanation {
  const { topic, bytesMax } = limit;
  return {
    failed: `${subject} is too large for topic "${topic}"`,
    received: `${sizeBytes} bytes, with key, headers and the header of a batch`,
    allowed: `${bytesMax} bytes at most, the topic's max.message.bytes`,
    remedy:
      `split the record, or raise the limit: npx bifold topic alter ${topic} ` +
      `--config max.message.bytes=${sizeBytes}; ${consequence}`,
  };
}

/**
 * Splits records into requests. The records of a request that go to one partition fit one batch.
 * The order is kept.
 */
export function* requestsOf<R extends SizedRecord>(
  records: readonly R[],
  { fillBytes }: BatchLimit,
): Generator<readonly R[]> {
  let request: R[] = [];
  let requestBytes = 0;
  let batches = new Map<number | undefined, { readonly records: number; readonly bytes: number }>();
  for (const record of records) {
    const batch = batches.get(record.partition) ?? { records: 0, bytes: BATCH_HEADER_BYTES };
    const addedBytes = recordBytesOf(record, batch.records);
    const isFull = batch.bytes + addedBytes > fillBytes || requestBytes + addedBytes > REQUEST_BYTES_MAX;
    if (isFull && request.length > 0) {
      yield request;
      request = [];
      requestBytes = 0;
      batches = new Map();
    }
    const { records: before, bytes } = batches.get(record.partition) ?? { records: 0, bytes: BATCH_HEADER_BYTES };
    batches.set(record.partition, { records: before + 1, bytes: bytes + addedBytes });
    requestBytes += addedBytes;
    request.push(record);
  }
  if (request.length > 0) yield request;
}

/**
 * The exact size of a record in a batch of kafkajs. All records of its batches have one timestamp,
 * whose difference takes one byte.
 */
function recordBytesOf({ key, value, headers = {} }: SizedRecord, offsetDelta: number): number {
  const headerList = Object.entries(headers).flatMap(([name, values]) => [values].flat().map((text) => [name, text]));
  const headersBytes = headerList.flat().reduce((sum, text) => sum + sizedBytesOf(text as string), 0);
  const bodyBytes =
    2 +
    varintBytesOf(offsetDelta) +
    sizedBytesOf(key) +
    sizedBytesOf(value) +
    varintBytesOf(headerList.length) +
    headersBytes;
  return varintBytesOf(bodyBytes) + bodyBytes;
}

/** The size of a text or of bytes, after their length. The length of null is -1. */
function sizedBytesOf(content: string | Buffer | null): number {
  if (content === null) return varintBytesOf(-1);
  const bytes = Buffer.byteLength(content);
  return varintBytesOf(bytes) + bytes;
}

/** The size of an integer in the encoding of Kafka: zigzag, then seven bits in each byte. */
function varintBytesOf(value: number): number {
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  let bytes = 1;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

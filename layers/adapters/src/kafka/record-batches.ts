import { codecOfAttributes, DecodedTooLargeError, decompress } from '@bifold/compression';
import type { LogRecord } from '@bifold/core/engine';
import { type KafkaRecord, Reader, readRecord } from '@platformatic/kafka';
import { AdapterError } from '../errors.ts';

const LOG_APPEND_TIME = 1 << 3;
const TRANSACTIONAL = 1 << 4;
const CONTROL = 1 << 5;
const ABORT_MARKER = 0;

/**
 * The byte positions of the fields of a batch. https://kafka.apache.org/documentation/#recordbatch
 */
const AT = {
  length: 8,
  leaderEpoch: 12,
  attributes: 21,
  lastOffsetDelta: 23,
  firstTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  count: 57,
  records: 61,
} as const;
/**
 * The approximate memory of a record object without its bytes. It also limits the number of tiny
 * records.
 */
const RECORD_BYTES = 256;

export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

/** A batch of the log, or its first part. */
export interface RecordBatch {
  readonly firstOffset: number;
  /** The offset of the last record here. If the batch is complete, it includes holes at its end. */
  readonly lastOffset: number;
  readonly attributes: number;
  readonly firstTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: bigint;
  readonly records: readonly KafkaRecord[];
}

export interface DecodingBounds {
  /** The limit of the decoded size of one batch. */
  readonly batchBytesMax: number;
  /** Decoding stops after the record that reaches this total size. */
  readonly sumBytesMax: number;
}

/**
 * Decodes batches one after the other, as far as the bounds allow; of the last one perhaps only its
 * first records. Records below `from` are left out, and do not count.
 */
export async function decodeBatches(
  topicPartition: string,
  bytes: Buffer,
  from: number,
  { batchBytesMax, sumBytesMax }: DecodingBounds,
): Promise<readonly RecordBatch[]> {
  const batches: RecordBatch[] = [];
  let sumBytes = 0;
  for (let begin = 0; begin + AT.leaderEpoch <= bytes.length && sumBytes < sumBytesMax; ) {
    const end = begin + AT.leaderEpoch + bytes.readInt32BE(begin + AT.length);
    // The broker truncates its response at a number of bytes. The next fetch returns the last batch
    // again.
    if (end > bytes.length) break;
    const batch = bytes.subarray(begin, end);
    begin = end;
    const firstOffset = Number(batch.readBigInt64BE(0));
    let lastOffset = firstOffset + batch.readInt32BE(AT.lastOffsetDelta);
    if (lastOffset < from) continue;
    const reader = Reader.from(await recordBytes(topicPartition, batch, firstOffset, batchBytesMax));
    const records: KafkaRecord[] = [];
    for (let remaining = batch.readInt32BE(AT.count); remaining > 0; remaining--) {
      const record = readRecord(reader);
      if (firstOffset + record.offsetDelta < from) continue;
      records.push(record);
      sumBytes += record.length + RECORD_BYTES;
      if (sumBytes < sumBytesMax || remaining === 1) continue;
      lastOffset = firstOffset + record.offsetDelta;
      break;
    }
    batches.push({
      firstOffset,
      lastOffset,
      records,
      attributes: batch.readInt16BE(AT.attributes),
      firstTimestamp: Number(batch.readBigInt64BE(AT.firstTimestamp)),
      maxTimestamp: Number(batch.readBigInt64BE(AT.maxTimestamp)),
      producerId: batch.readBigInt64BE(AT.producerId),
    });
  }
  return batches;
}

async function recordBytes(
  topicPartition: string,
  batch: Buffer,
  firstOffset: number,
  limitBytes: number,
): Promise<Buffer> {
  const data = batch.subarray(AT.records);
  try {
    const codec = codecOfAttributes(batch.readInt16BE(AT.attributes));
    return codec === null ? data : await decompress(codec, data, limitBytes);
  } catch (cause) {
    const failed = `reading the batch of ${topicPartition} that begins at offset ${firstOffset}; nothing was skipped`;
    if (cause instanceof DecodedTooLargeError) throw tooLarge(failed, data.length, limitBytes);
    throw new AdapterError(
      'BIFOLD_BATCH_CORRUPT',
      {
        failed,
        received: cause instanceof Error ? cause.message : String(cause),
        allowed: 'what a Kafka producer compresses with gzip, snappy, lz4 or zstd',
        remedy:
          'look at the topic with kafka-dump-log; delete the records up to the end of the batch if they are broken',
      },
      { cause },
    );
  }
}

function tooLarge(failed: string, compressedBytes: number, limitBytes: number): AdapterError {
  const mebibytes = Math.round(limitBytes / 1024 / 1024);
  return new AdapterError('BIFOLD_BATCH_TOO_LARGE', {
    failed,
    received: `${compressedBytes} bytes that decode to more than ${mebibytes} MiB`,
    allowed: `batches that decode to at most ${mebibytes} MiB`,
    remedy: 'deploy with a larger -c kafkaDecodedMib=<MiB>; let producers write smaller batches (batch.size)',
  });
}

/**
 * The committed records of `[from, to)` in fetched batches, and the end offset of the batches,
 * including holes. Control records and records of aborted transactions are omitted.
 *
 * The broker lists the aborted transactions in its response by producer and first offset. Each ends
 * at the next marker of that producer.
 */
export function committedRecords(
  partition: number,
  batches: readonly RecordBatch[],
  aborted: readonly AbortedTransaction[],
  from: number,
  to: number,
): { readonly records: LogRecord[]; readonly end: number } {
  const pending = [...aborted].sort((left, right) => Number(left.firstOffset - right.firstOffset));
  const aborting = new Set<bigint>();
  const records: LogRecord[] = [];
  let end = from;
  for (const batch of batches) {
    while (pending[0] !== undefined && pending[0].firstOffset <= BigInt(batch.lastOffset)) {
      aborting.add((pending.shift() as AbortedTransaction).producerId);
    }
    end = Math.max(end, batch.lastOffset + 1);
    if (batch.attributes & CONTROL) {
      // The key of a marker is (version, type), 16 bits each.
      const marker = batch.records[0]?.key;
      if (marker && marker.length >= 4 && marker.readInt16BE(2) === ABORT_MARKER) aborting.delete(batch.producerId);
      continue;
    }
    if (batch.attributes & TRANSACTIONAL && aborting.has(batch.producerId)) continue;
    // With LogAppendTime the broker stamps the batch alone, as its maximum, and leaves the
    // producer's clock in the records.
    const appendTimeMs = batch.attributes & LOG_APPEND_TIME ? batch.maxTimestamp : null;
    for (const record of batch.records) {
      const offset = batch.firstOffset + record.offsetDelta;
      if (offset < from || offset >= to) continue;
      records.push({
        partition,
        offset,
        timestampMs: appendTimeMs ?? batch.firstTimestamp + Number(record.timestampDelta),
        key: record.key,
        value: record.value,
        headers: record.headers.map(([key, value]) => ({ key: key?.toString('utf8') ?? '', value })),
      });
    }
  }
  return { records, end: Math.min(end, to) };
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from './context.ts';
import { CliError } from './errors.ts';
import { type OutgoingRecord, recordProducer } from './kafka.ts';
import { partitionOf } from './partitioner.ts';

/** A record before its partition is known. */
export interface KeyedRecord {
  readonly key: string | null;
  readonly value: string;
}

export interface ProduceOptions {
  /** Events a second; null sends as fast as the broker takes them. */
  readonly rate: number | null;
  /** Leaves out what is there: since partitions and their order are deterministic, a partition's end offset names its next row. */
  readonly resume: boolean;
  /** Called after each request: rows dealt with (sent or there already), and rows sent by this call. */
  readonly onProgress?: (dealtWith: number, sent: number) => void;
}

export interface Produced {
  readonly sent: number;
  readonly skipped: number;
  /** Per partition, the offset that the next record will get. */
  readonly endOffsets: Readonly<Record<string, number>>;
}

/** A request's records must fit one batch of the broker (1 MiB) even if all of them go to one partition. */
const REQUEST_BYTES_MAX = 900_000;
const REQUEST_RECORDS_MAX = 4_000;
const RECORD_OVERHEAD_BYTES = 32;

/** Sends records in their order, each to the partition of its key. @throws when the topic does not exist */
export async function produce(
  context: Context,
  topic: string,
  records: Iterable<KeyedRecord> | AsyncIterable<KeyedRecord>,
  { rate, resume, onProgress }: ProduceOptions,
): Promise<Produced> {
  const described = await (await context.kafkaAdmin()).describeTopic(topic);
  if (described === null) throw noTopic(topic);
  const log = await context.log(topic);
  const ends = new Map<number, number>();
  for (const partition of described.partitions) ends.set(partition, (await log.bounds(partition)).end);
  const toSkip = new Map(resume ? ends : []);

  const producer = await recordProducer({ brokers: [context.addresses.kafka.brokersInternal] });
  const startedAtMs = performance.now();
  const requestRecordsMax =
    rate === null ? REQUEST_RECORDS_MAX : Math.max(1, Math.min(REQUEST_RECORDS_MAX, Math.ceil(rate / 10)));
  let waiting: OutgoingRecord[] = [];
  let waitingBytes = 0;
  let sent = 0;
  let skipped = 0;
  const flush = async () => {
    if (waiting.length === 0) return;
    await producer.send(topic, waiting);
    sent += waiting.length;
    for (const { partition } of waiting) ends.set(partition, (ends.get(partition) ?? 0) + 1);
    waiting = [];
    waitingBytes = 0;
    onProgress?.(skipped + sent, sent);
    if (rate === null) return;
    const dueMs = (sent / rate) * 1000 - (performance.now() - startedAtMs);
    if (dueMs > 0) await sleep(dueMs);
  };
  try {
    for await (const { key, value } of records) {
      const partition = partitionOf(key, described.partitions.length);
      const there = toSkip.get(partition) ?? 0;
      if (there > 0) {
        toSkip.set(partition, there - 1);
        skipped++;
        continue;
      }
      const sizeBytes = Buffer.byteLength(value) + (key?.length ?? 0) + RECORD_OVERHEAD_BYTES;
      if (waiting.length >= requestRecordsMax || waitingBytes + sizeBytes > REQUEST_BYTES_MAX) await flush();
      waiting.push({ partition, key, value });
      waitingBytes += sizeBytes;
    }
    await flush();
  } finally {
    await producer.close();
  }
  onProgress?.(skipped + sent, sent);
  return { sent, skipped, endOffsets: Object.fromEntries(ends) };
}

function noTopic(topic: string): CliError {
  return new CliError('BIFOLD_NO_TOPIC', {
    failed: `topic "${topic}" does not exist`,
    received: 'no topic of that name',
    allowed: 'a topic that was created as its pipeline needs it',
    remedy: 'npx bifold deploy creates the topics of the pipelines that it deploys',
  });
}

/** The key of a record: the text of the field that its topic is partitioned by. */
export function keyOf(record: unknown, partitionBy: string): string | null {
  if (record === null || typeof record !== 'object') return null;
  const value = (record as Record<string, unknown>)[partitionBy];
  return value === null || value === undefined ? null : String(value);
}

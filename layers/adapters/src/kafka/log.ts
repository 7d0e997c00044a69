import type { Log, LogSlice } from '@bifold/core/engine';
import { AdapterError } from '../errors.ts';
import { type Broker, type Cluster, type KafkaConnection, kafkaCluster } from './cluster.ts';
import { apiErrorsOf } from './errors.ts';
import { type FetchedPartition, fetchPartition } from './fetch.ts';
import { leaderNotAvailable, leadersOf, topicMetadataOf } from './metadata.ts';
import { EARLIEST, LATEST, listOffsets, NO_EPOCH, READ_COMMITTED } from './offsets.ts';
import { committedRecords, decodeBatches } from './record-batches.ts';

export interface KafkaLogOptions extends KafkaConnection {
  readonly topic: string;
  /** The limit of the decoded size of a batch, 128 MiB by default. A larger batch fails. */
  readonly decodedBytesMax?: number;
  /** The topic id that reads are bound to; without it, the id at the first read. */
  readonly topicId?: string;
}

const NO_SESSION = [0, -1] as const;
const WAIT_MAX_MS = 500;
const STALLS_MAX = 10;
const RESPONSE_SIZE_BYTES_MIN = 64 * 1024;
const DECODED_BYTES_MAX = 128 * 1024 * 1024;
/**
 * A large batch is read in pieces, and decoded again for each piece. So pieces have a minimum size.
 */
const PIECE_BYTES_MIN = 16 * 1024 * 1024;

/** One topic, read by its id: fetches name the id, so no other topic of the name can answer. */
interface TopicReader {
  readonly cluster: Cluster;
  readonly topic: string;
  readonly decodedBytesMax: number;
  /** Null until the first read binds it. */
  topicId: string | null;
  /** By partition; null until they are read, and again after an error. */
  leaders: ReadonlyMap<number, Broker> | null;
}

/** A topic, read by offset from the leaders of its partitions, without a consumer group. */
export function kafkaLog(options: KafkaLogOptions): Log {
  const { topic, decodedBytesMax = DECODED_BYTES_MAX, topicId = null } = options;
  const cluster = kafkaCluster(options);
  const reader: TopicReader = { cluster, topic, decodedBytesMax, topicId, leaders: null };
  return {
    topicId: () => cluster.retry(`asking for the id of ${topic}`, () => currentTopicId(reader)),
    partitions: () => cluster.retry(`asking for the partitions of ${topic}`, () => partitionsOf(reader)),
    bounds: (partition) =>
      atLeader(reader, 'asking for the bounds', partition, (leader) => boundsOf(reader, leader, partition)),
    read: (partition, from, to, maxBytes) =>
      atLeader(reader, 'reading', partition, (leader, boundId) =>
        readRange(reader, { leader, topicId: boundId, partition, from, to, maxBytes }),
      ),
    close: () => cluster.close(),
  };
}

async function currentTopicId({ cluster, topic }: TopicReader): Promise<string | null> {
  const metadata = await topicMetadataOf(cluster, topic);
  return metadata.topic?.topicId ?? null;
}

async function partitionsOf({ cluster, topic }: TopicReader): Promise<readonly number[]> {
  const metadata = await topicMetadataOf(cluster, topic);
  if (metadata.topic === null) throw gone(topic, 'no topic of that name');
  return metadata.topic.partitions.map(({ partitionIndex }) => partitionIndex).sort((left, right) => left - right);
}

/** Runs an attempt at the leader of a partition, and at its successor when the leader moves. */
function atLeader<T>(
  reader: TopicReader,
  operation: string,
  partition: number,
  attempt: (leader: Broker, topicId: string) => Promise<T>,
): Promise<T> {
  return reader.cluster.retry(
    `${operation} of ${reader.topic}/${partition}`,
    async () => {
      const { topicId, leaders } = await boundLeaders(reader);
      const leader = leaders.get(partition);
      if (leader === undefined) throw leaderNotAvailable();
      return attempt(leader, topicId);
    },
    () => {
      reader.leaders = null;
    },
  );
}

/** @throws {AdapterError} when the topic is gone, or another one has its name */
async function boundLeaders(
  reader: TopicReader,
): Promise<{ readonly topicId: string; readonly leaders: ReadonlyMap<number, Broker> }> {
  if (reader.leaders !== null && reader.topicId !== null) return { topicId: reader.topicId, leaders: reader.leaders };
  const { topic, brokers } = await topicMetadataOf(reader.cluster, reader.topic);
  if (topic === null) throw gone(reader.topic, 'no topic of that name');
  reader.topicId ??= topic.topicId;
  if (topic.topicId !== reader.topicId) {
    throw gone(reader.topic, `topic id ${topic.topicId} instead of ${reader.topicId}`);
  }
  const leaders = leadersOf(topic, brokers);
  reader.leaders = leaders;
  return { topicId: topic.topicId, leaders };
}

async function boundsOf(reader: TopicReader, leader: Broker, partition: number) {
  const [start, end] = await Promise.all([
    offsetAt(reader, leader, partition, EARLIEST),
    offsetAt(reader, leader, partition, LATEST),
  ]);
  return { start, end };
}

async function offsetAt(
  { cluster, topic }: TopicReader,
  leader: Broker,
  partition: number,
  timestamp: bigint,
): Promise<number> {
  const [listed] = await listOffsets(cluster, leader, topic, [partition], timestamp);
  if (listed === undefined) throw new Error(`no offset for ${topic}/${partition}`);
  return listed[1];
}

/** A request for the records of `[from, to)` of one partition, at its leader. */
interface RangeRequest {
  readonly leader: Broker;
  readonly topicId: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  readonly maxBytes: number;
}

/**
 * Fetches until an answer has records or holes of the range, or the range lies beyond the last
 * stable offset.
 *
 * @throws {AdapterError} when the log became shorter, or nothing comes below the last stable offset
 */
async function readRange(reader: TopicReader, request: RangeRequest): Promise<LogSlice> {
  const { leader, partition, from, to } = request;
  const sizeBytes = Math.max(request.maxBytes, RESPONSE_SIZE_BYTES_MIN);
  let begin = from;
  let stalls = 0;
  for (let waitMs = 0; ; waitMs = WAIT_MAX_MS) {
    if (begin >= to) return { records: [], end: to, logStart: await offsetAt(reader, leader, partition, EARLIEST) };
    const fetched = await fetchFrom(reader, request, begin, sizeBytes, waitMs);
    // The broker reads the log start of a fetch response before the records, so retention could
    // delete some in between. This log start is requested after the records have arrived. It only
    // grows, so offsets at or above it existed during the fetch.
    const listedStart = await offsetAt(reader, leader, partition, EARLIEST);
    if (fetched === null) {
      if (begin >= listedStart) throw shorter(reader.topic, partition, begin);
      begin = listedStart;
      continue;
    }
    const { lastStableOffset } = fetched;
    // Offsets are listed by topic name. If the topic is recreated just now, the fetched records are
    // still valid.
    const logStart = Math.max(listedStart, fetched.logStartOffset);
    const { records, end } = await decode(reader, partition, fetched, begin, Math.min(to, lastStableOffset), sizeBytes);
    if (end > begin) return { records, end, logStart };
    if (lastStableOffset <= begin) return { records: [], end: begin, logStart };
    if (++stalls === STALLS_MAX) throw stalled(reader.topic, partition, begin);
  }
}

/** One fetch. Null if the offset lies outside the log. */
async function fetchFrom(
  { cluster }: TopicReader,
  { leader, topicId, partition }: RangeRequest,
  fetchOffset: number,
  sizeBytes: number,
  waitMs: number,
): Promise<FetchedPartition | null> {
  const partitions = [
    {
      partition,
      currentLeaderEpoch: NO_EPOCH,
      fetchOffset: BigInt(fetchOffset),
      lastFetchedEpoch: NO_EPOCH,
      partitionMaxBytes: sizeBytes,
    },
  ];
  const topics = [{ topicId, partitions }];
  try {
    return await cluster.send(
      leader,
      fetchPartition,
      waitMs,
      1,
      sizeBytes,
      READ_COMMITTED,
      ...NO_SESSION,
      topics,
      [],
      '',
    );
  } catch (error) {
    if (apiErrorsOf(error).includes('OFFSET_OUT_OF_RANGE')) return null;
    throw error;
  }
}

async function decode(
  { topic, decodedBytesMax }: TopicReader,
  partition: number,
  { batches, aborted }: FetchedPartition,
  from: number,
  to: number,
  sizeBytes: number,
) {
  const bounds = { batchBytesMax: decodedBytesMax, sumBytesMax: Math.max(sizeBytes, PIECE_BYTES_MIN) };
  const decoded = await decodeBatches(`${topic}/${partition}`, batches, from, bounds);
  return committedRecords(partition, decoded, aborted, from, to);
}

function gone(topic: string, received: string): AdapterError {
  return new AdapterError('BIFOLD_TOPIC_GONE', {
    failed: `reading topic ${topic}`,
    received,
    allowed: 'the topic that this log began with',
    remedy: 'deploy again, which binds the topic as it is now; offsets of one topic mean nothing in another',
  });
}

function shorter(topic: string, partition: number, offset: number): AdapterError {
  return new AdapterError('BIFOLD_LOG_SHORTER', {
    failed: `reading ${topic}/${partition} from offset ${offset}`,
    received: 'a log that ends before it',
    allowed: 'an offset up to the end of the log',
    remedy: 'turn off unclean leader election: records that were read are missing now',
  });
}

function stalled(topic: string, partition: number, offset: number): AdapterError {
  return new AdapterError('BIFOLD_LOG_STALLED', {
    failed: `reading ${topic}/${partition} from offset ${offset}`,
    received: `nothing within ${(STALLS_MAX * WAIT_MAX_MS) / 1000} s, below the last stable offset`,
    allowed: 'at least one record or hole',
    remedy: 'try again; if it stays, look at the storage of the partition leader (tiered storage may be away)',
  });
}

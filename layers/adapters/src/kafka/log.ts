import type { Log } from '@bifold/core/engine';
import { listOffsetsV7, metadataV12, ResponseError } from '@platformatic/kafka';
import { AdapterError } from '../errors.ts';
import { apiErrorsOf, type Broker, type KafkaConnection, kafkaCluster } from './cluster.ts';
import { fetchPartition } from './fetch.ts';
import { committedRecords, decodeBatches } from './record-batches.ts';

export interface KafkaLogOptions extends KafkaConnection {
  readonly topic: string;
  /** The limit of the decoded size of a batch, 128 MiB by default. A larger batch fails. */
  readonly decodedBytesMax?: number;
  /** The topic id that reads are bound to. By default, the id at the first read. */
  readonly topicId?: string;
}

const READ_COMMITTED = 1;
const CONSUMER = -1;
const NO_EPOCH = -1;
const EARLIEST = -2n;
const LATEST = -1n;
const NO_SESSION = [0, -1] as const;
const WAIT_MAX_MS = 500;
const STALLS_MAX = 10;
const RESPONSE_SIZE_BYTES_MIN = 64 * 1024;
const DECODED_BYTES_MAX = 128 * 1024 * 1024;
/**
 * A large batch is read in pieces, and decoded again for each piece. So pieces have a minimum size.
 */
const PIECE_BYTES_MIN = 16 * 1024 * 1024;

type TopicMetadata = metadataV12.MetadataResponseTopic;

interface Leaders {
  readonly topicId: string;
  readonly brokers: ReadonlyMap<number, Broker>;
}

/** A topic, read by offset from the leaders of its partitions, without a consumer group. */
export function kafkaLog(options: KafkaLogOptions): Log {
  const { topic, decodedBytesMax = DECODED_BYTES_MAX } = options;
  const cluster = kafkaCluster(options);
  let known: Leaders | null = null;
  /**
   * This log reads one topic, by its id. Fetches name the id, so another topic of the same name
   * cannot answer.
   */
  let topicId: string | null = options.topicId ?? null;

  const describe = async (): Promise<{ topic: TopicMetadata | null; brokers: ReadonlyMap<number, Broker> }> => {
    try {
      const response = await cluster.ask(null, metadataV12.api, [topic], false, false);
      return described(response);
    } catch (error) {
      // An error of one partition, such as a missing leader, does not invalidate the rest of the
      // response.
      if (!(error instanceof ResponseError)) throw error;
      const names = apiErrorsOf(error);
      if (
        names.some(
          (name) =>
            ![
              'UNKNOWN_TOPIC_OR_PARTITION',
              'LEADER_NOT_AVAILABLE',
              'REPLICA_NOT_AVAILABLE',
              'LISTENER_NOT_FOUND',
            ].includes(name),
        )
      ) {
        throw error;
      }
      return described((error as unknown as { response: Parameters<typeof described>[0] }).response);
    }
  };

  const leaders = async (): Promise<Leaders> => {
    if (known !== null) return known;
    const { topic: found, brokers } = await describe();
    if (found === null) throw gone(topic, 'no topic of that name');
    topicId ??= found.topicId;
    if (found.topicId !== topicId) throw gone(topic, `topic id ${found.topicId} instead of ${topicId}`);
    const led = found.partitions.flatMap(({ partitionIndex, leaderId }) => {
      const broker = brokers.get(leaderId);
      return broker === undefined ? [] : [[partitionIndex, broker] as const];
    });
    known = { topicId: found.topicId, brokers: new Map(led) };
    return known;
  };

  const atLeader = <T>(what: string, partition: number, attempt: (leader: Broker, topicId: string) => Promise<T>) =>
    cluster.persist(
      `${what} of ${topic}/${partition}`,
      async () => {
        const { topicId, brokers } = await leaders();
        const leader = brokers.get(partition);
        if (leader === undefined) throw new ResponseError(3, 12, { '/': [5, null] }, undefined);
        return attempt(leader, topicId);
      },
      () => {
        known = null;
      },
    );

  const listOffset = async (leader: Broker, partition: number, timestamp: bigint): Promise<number> => {
    const partitions = [{ partitionIndex: partition, currentLeaderEpoch: NO_EPOCH, timestamp }];
    const response = await cluster.ask(leader, listOffsetsV7.api, CONSUMER, READ_COMMITTED, [
      { name: topic, partitions },
    ]);
    const [found] = response.topics[0]?.partitions ?? [];
    if (found === undefined) throw new Error(`no offset for ${topic}/${partition}`);
    return Number(found.offset);
  };

  return {
    topicId: () =>
      cluster.persist(`asking for the id of ${topic}`, async () => {
        const { topic: found } = await describe();
        return found?.topicId ?? null;
      }),

    partitions: () =>
      cluster.persist(`asking for the partitions of ${topic}`, async () => {
        const { topic: found } = await describe();
        if (found === null) throw gone(topic, 'no topic of that name');
        return found.partitions.map(({ partitionIndex }) => partitionIndex).sort((left, right) => left - right);
      }),

    bounds: (partition) =>
      atLeader('asking for the bounds', partition, async (leader) => {
        const [start, end] = await Promise.all([
          listOffset(leader, partition, EARLIEST),
          listOffset(leader, partition, LATEST),
        ]);
        return { start, end };
      }),

    read: (partition, from, to, maxBytes) =>
      atLeader('reading', partition, async (leader, topicId) => {
        const sizeBytes = Math.max(maxBytes, RESPONSE_SIZE_BYTES_MIN);
        let begin = from;
        let patience = STALLS_MAX;
        for (let waitMs = 0; ; waitMs = WAIT_MAX_MS) {
          if (begin >= to) return { records: [], end: to, logStart: await listOffset(leader, partition, EARLIEST) };
          const partitions = [
            {
              partition,
              currentLeaderEpoch: NO_EPOCH,
              fetchOffset: BigInt(begin),
              lastFetchedEpoch: NO_EPOCH,
              partitionMaxBytes: sizeBytes,
            },
          ];
          const fetching = cluster.ask(
            leader,
            fetchPartition,
            waitMs,
            1,
            sizeBytes,
            READ_COMMITTED,
            ...NO_SESSION,
            [{ topicId, partitions }],
            [],
            '',
          );
          const fetched = await fetching.catch((error) => {
            if (apiErrorsOf(error).includes('OFFSET_OUT_OF_RANGE')) return null;
            throw error;
          });
          // The broker reads the log start of a fetch response before the records, so retention
          // could delete some in between. This log start is requested after the records have
          // arrived. It only grows, so offsets at or above it existed during the fetch.
          const listed = await listOffset(leader, partition, EARLIEST);
          if (fetched === null) {
            if (begin >= listed) throw shorter(topic, partition, begin);
            begin = listed;
            continue;
          }
          const stable = fetched.lastStableOffset;
          // Offsets are listed by topic name. If the topic is recreated just now, the fetched
          // records are still valid.
          const logStart = Math.max(listed, fetched.logStartOffset);
          const { records, end } = committedRecords(
            partition,
            await decodeBatches(`${topic}/${partition}`, fetched.batches, begin, {
              batchBytesMax: decodedBytesMax,
              sumBytesMax: Math.max(sizeBytes, PIECE_BYTES_MIN),
            }),
            fetched.aborted,
            begin,
            Math.min(to, stable),
          );
          if (end > begin) return { records, end, logStart };
          if (stable <= begin) return { records: [], end: begin, logStart };
          if (--patience === 0) throw stalled(topic, partition, begin);
        }
      }),

    close: () => cluster.close(),
  };
}

function described(response: {
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[];
  readonly topics: readonly TopicMetadata[];
}) {
  const [found] = response.topics;
  const brokers = new Map(response.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }] as const));
  return { topic: found === undefined || found.errorCode === UNKNOWN_TOPIC ? null : found, brokers };
}

const UNKNOWN_TOPIC = 3;

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

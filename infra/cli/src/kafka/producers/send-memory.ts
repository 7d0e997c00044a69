import { setTimeout as sleep } from 'node:timers/promises';
import { type KafkaOptions, kafkaAdmin, kafkaLog } from '@bifold/adapters/kafka';
import type { Log } from '@bifold/core/engine';
import { CliError } from '../../errors.ts';
import { kafkaClient, withKafkaErrors } from '../client.ts';

/**
 * Holds one record for each source that was sent to a topic. Compacted, so that nothing in it
 * expires.
 */
export const SENDS_TOPIC = 'bifold-sends';

const CONFIG = {
  'cleanup.policy': 'compact',
  // A record is replaced once per second. Small segments let compaction keep the topic short for
  // readers.
  'segment.bytes': String(4 * 1024 * 1024),
  'min.cleanable.dirty.ratio': '0.1',
};
const PARTITION = 0;
const READ_BYTES = 1024 * 1024;
const POLL_MS = 20;
/** Longer than the broker keeps the transaction of a dead producer open. */
const PATIENCE_MS = 120_000;

/**
 * The sent part of one source, by topic id. It is committed in the transaction of the records that
 * it counts.
 */
export interface SentPart {
  readonly topic: string;
  readonly topicId: string;
  /** The address of a file, or the name of a data set. */
  readonly source: string;
  /** The options that determine the records of the source. */
  readonly options: Readonly<Record<string, string>>;
  /** The id of the sending process. */
  readonly session: string;
  /** The number of first records of the source that are in the topic. */
  readonly records: number;
  /** The digest of those records, over their keys and values. */
  readonly digest: string;
}

export const keyOfPart = ({ topicId, source }: Pick<SentPart, 'topicId' | 'source'>): string => `${topicId} ${source}`;

export interface SendMemory {
  /** All sent parts that were committed before the call, by `keyOfPart`. */
  read(): Promise<ReadonlyMap<string, SentPart>>;
  close(): Promise<void>;
}

/** Creates the topic where it is missing. */
export async function sendMemory(kafka: KafkaOptions): Promise<SendMemory> {
  const admin = kafkaAdmin(kafka);
  try {
    if ((await admin.describeTopic(SENDS_TOPIC)) === null) await admin.createTopic(SENDS_TOPIC, 1, CONFIG);
  } finally {
    await admin.close();
  }
  const log = kafkaLog({ ...kafka, topic: SENDS_TOPIC });
  const ends = kafkaClient(kafka).admin();
  const parts = new Map<string, SentPart>();
  let next: number | null = null;
  return {
    async read() {
      const end = await withKafkaErrors(kafka, `reading topic ${SENDS_TOPIC}`, async () => {
        await ends.connect();
        try {
          // Read up to the end of the log itself, because an open transaction of another producer
          // may hide our record.
          const offsets = await ends.fetchTopicOffsets(SENDS_TOPIC);
          return Number(offsets.find(({ partition }) => partition === PARTITION)?.high ?? 0);
        } finally {
          await ends.disconnect();
        }
      });
      next ??= (await log.bounds(PARTITION)).start;
      next = await readUpTo(log, next, end, parts);
      return parts;
    },
    close: () => log.close(),
  };
}

async function readUpTo(log: Log, from: number, end: number, parts: Map<string, SentPart>): Promise<number> {
  const giveUpAtMs = performance.now() + PATIENCE_MS;
  let at = from;
  while (at < end) {
    const read = await log.read(PARTITION, at, end, READ_BYTES);
    for (const { value } of read.records) {
      if (value === null) continue;
      const part = JSON.parse(Buffer.from(value).toString('utf8')) as SentPart;
      parts.set(keyOfPart(part), part);
    }
    if (read.end === at) {
      if (performance.now() > giveUpAtMs) throw stillOpen(at, end);
      await sleep(POLL_MS);
    }
    at = read.end;
  }
  return at;
}

function stillOpen(at: number, end: number): CliError {
  return new CliError('BIFOLD_SENDS_OPEN', {
    failed: `topic ${SENDS_TOPIC} cannot be read to its end`,
    received: `a transaction that stays open: committed up to offset ${at} of ${end}`,
    allowed: 'transactions of producers, which end within a minute',
    remedy: 'wait until the other producer has ended, then run the command again',
  });
}

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaOptions } from '@bifold/adapters/kafka';
import type { Context } from '../../context.ts';
import { UsageError } from '../../errors.ts';
import { plural } from '../../output/terminal.ts';
import {
  brokersOf,
  endsOf,
  type KeyedRecord,
  limitOf,
  type Produced,
  type ProduceOptions,
  pump,
  topicState,
} from './produce.ts';
import { RecordDigest } from './record-digest.ts';
import { resumableProducer } from './resumable-producer.ts';
import { keyOfPart, type SentPart, sendMemory } from './send-memory.ts';

/**
 * A source of records that can be read repeatedly in the same order: a file with its address, or a
 * named data set.
 */
export interface RecordSource {
  readonly address: string;
  records(): Iterable<KeyedRecord> | AsyncIterable<KeyedRecord>;
}

export interface OnceOptions extends Omit<ProduceOptions, 'isLive'> {
  /**
   * The options that determine the records of a source. A send continues only with the same
   * options.
   */
  readonly options?: Readonly<Record<string, string>>;
  /** Whether to refuse if there is no earlier send (`--resume`). */
  readonly mustGoOn?: boolean;
}

const VISIBLE_WITHIN_MS = 10_000;
const POLL_MS = 20;

/**
 * Sends each record of the sources exactly once to the topic with this id, even if earlier calls
 * failed.
 * @throws {UsageError} where a source is not what was sent of it, or nothing was begun that could
 * go on
 */
export async function produceOnce(
  context: Context,
  topic: string,
  sources: readonly RecordSource[],
  { options = {}, mustGoOn = false, ...produceOptions }: OnceOptions,
): Promise<Produced> {
  const { kafka = brokersOf(context), onProgress, headers = {} } = produceOptions;
  const state = await topicState(kafka, topic);
  const { id: topicId, partitions } = state;
  const limit = limitOf(state);
  const memory = await sendMemory(kafka);
  const ends = new Map<number, number>();
  const session = randomUUID();
  let sent = 0;
  let skipped = 0;
  try {
    if (mustGoOn) checkBegun(await memory.read(), topic, topicId, sources);
    for (const source of sources) {
      if (produceOptions.signal?.aborted) break;
      const digest = new RecordDigest();
      const passage = { topic, topicId, source: source.address, options, session, headers, limit };
      const producer = await resumableProducer(kafka, memory, passage, digest);
      const { before } = producer;
      const [sentBefore, skippedBefore] = [sent, skipped];
      const onSkip = (count: number) => {
        skipped = skippedBefore + count;
        onProgress?.(skipped + sent, sent);
      };
      const onSent = (count: number) => {
        sent = sentBefore + count;
        onProgress?.(skipped + sent, sent);
      };
      try {
        await pump(
          unsent(source, topic, before, digest, onSkip),
          partitions.length,
          { send: (records) => producer.send(records), pause: (waitMs) => producer.commitBefore(waitMs) },
          { ...produceOptions, limit, onSent },
        );
        await producer.commit();
      } catch (error) {
        // A line that is no record does not keep those before it from being sent.
        if (error instanceof UsageError) await producer.commit();
        throw error;
      } finally {
        await producer.close();
      }
      for (const [partition, end] of producer.ends()) ends.set(partition, end);
    }
  } finally {
    await memory.close();
  }
  return { sent, skipped, endOffsets: await visibleEnds(kafka, topic, ends) };
}

/** Returns the unsent records. The digest of the sent ones is compared first. */
async function* unsent(
  source: RecordSource,
  topic: string,
  before: SentPart | null,
  digest: RecordDigest,
  onSkip: (skipped: number) => void,
): AsyncGenerator<KeyedRecord> {
  const sentBefore = before?.records ?? 0;
  let read = 0;
  const compare = () => {
    if (before !== null && digest.text() !== before.digest) throw changed(source, topic, before, 'they differ');
    onSkip(read);
  };
  for await (const record of source.records()) {
    if (read === sentBefore) yield record;
    else {
      digest.add(record);
      read++;
      if (read === sentBefore) compare();
    }
  }
  if (read < sentBefore) {
    const received = `only ${plural(read, 'record')} are in it now`;
    throw changed(source, topic, before as SentPart, received);
  }
}

/**
 * Waits until readers of committed records see all sent records. The broker writes the end of a
 * transaction with a delay.
 */
async function visibleEnds(
  kafka: KafkaOptions,
  topic: string,
  wanted: ReadonlyMap<number, number>,
): Promise<Readonly<Record<string, number>>> {
  const giveUpAtMs = performance.now() + VISIBLE_WITHIN_MS;
  for (;;) {
    const ends = endsOf(await topicState(kafka, topic));
    const isVisible = [...wanted].every(([partition, end]) => (ends[partition] ?? 0) > end);
    // An open transaction of another producer may hide the records after it for longer.
    if (isVisible || performance.now() > giveUpAtMs) return ends;
    await sleep(POLL_MS);
  }
}

function checkBegun(
  parts: ReadonlyMap<string, SentPart>,
  topic: string,
  topicId: string,
  sources: readonly RecordSource[],
): void {
  if (sources.some(({ address }) => parts.has(keyOfPart({ topicId, source: address })))) return;
  const addresses = new Set(sources.map(({ address }) => address));
  const elsewhere = [...parts.values()].find((part) => part.topic === topic && addresses.has(part.source));
  const named = [...addresses].slice(0, 3).join(', ');
  throw new UsageError('BIFOLD_NOT_RESUMABLE', {
    failed: `there is nothing to resume: no send of ${named} to topic "${topic}" was begun with --resumable`,
    received:
      elsewhere === undefined
        ? 'no memory of such a send; one without --resumable leaves none'
        : `a send to the topic of that name with id ${elsewhere.topicId}; it was created anew as ${topicId}, and nothing of the source was sent there`,
    allowed: 'a send that was begun with --resumable, from the same address to the same topic',
    remedy: 'send with --resumable: it begins with the first record, and can go on after any failure',
  });
}

function changed({ address }: RecordSource, topic: string, { records }: SentPart, received: string): UsageError {
  return new UsageError('BIFOLD_SOURCE_CHANGED', {
    failed: `sending ${address} to topic "${topic}" cannot go on: it changed after a part of it was sent`,
    received: `${plural(records, 'record')} of it were sent, and ${received}`,
    allowed: 'the same records at its beginning; more may follow them',
    remedy: 'restore the file, or put the records that are missing in the topic into another file',
  });
}

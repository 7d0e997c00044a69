import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type KafkaOptions, kafkaLog } from '@bifold/adapters/kafka';
import { BifoldError } from '@bifold/core';
import { Partitioners, type Producer, type Transaction } from 'kafkajs';
import { CliError, UsageError } from '../../errors.ts';
import { asking, kafkaClient } from '../client.ts';
import type { RecordDigest } from './record-digest.ts';
import type { OutgoingRecord } from './record-producer.ts';
import { keyOfPart, SENDS_TOPIC, type SendMemory, type SentPart } from './send-memory.ts';

/**
 * The most time that records wait for their commit, and the most records. They stay in memory
 * meanwhile, to be sent again after a failure.
 */
const COMMIT_EVERY_MS = 1_000;
const COMMIT_RECORDS_MAX = 100_000;
/**
 * The broker ends a dead producer's transaction after this time; until then readers do not pass it.
 */
const TRANSACTION_TIMEOUT_MS = 20_000;
/** A broker that was killed is back within this time. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 500;

type Headers = Readonly<Record<string, readonly string[]>>;

/** One source on its way into one topic. */
export interface Passage extends Omit<SentPart, 'records' | 'digest'> {
  readonly headers: Headers;
}

export interface ResumableProducer {
  /** The part that a predecessor has sent; null if there was none. */
  readonly before: SentPart | null;
  /**
   * `digest` is that of the records before. Records are committed after a moment, or by `commit`.
   */
  send(records: readonly OutgoingRecord[]): Promise<void>;
  commit(): Promise<void>;
  /** Commits if waiting so long would leave records uncommitted for longer than others. */
  commitBefore(waitMs: number): Promise<void>;
  /** Per partition, an offset beyond which every record of this producer lies below. */
  ends(): ReadonlyMap<number, number>;
  close(): Promise<void>;
}

/**
 * Sends records in transactions, each of which also commits the position in the source. The
 * transactional id belongs to the source and the topic id. So the next producer fences the previous
 * one, and aborts its open transaction. The committed position then equals the content of the
 * topic.
 */
export async function resumableProducer(
  kafka: KafkaOptions,
  memory: SendMemory,
  passage: Passage,
  digest: RecordDigest,
): Promise<ResumableProducer> {
  const { headers, ...identity } = passage;
  const shared = Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, [...values]]));
  const log = kafkaLog({ ...kafka, topic: passage.topic });
  const ends = new Map<number, number>();
  let producer: Producer | null = null;
  let transaction: Transaction | null = null;
  let begunAtMs = 0;
  let committed = 0;
  /** Sent in the transaction that is open. */
  let pending: OutgoingRecord[] = [];

  const remembered = async (): Promise<SentPart | null> => (await memory.read()).get(keyOfPart(identity)) ?? null;

  const begin = async (): Promise<Transaction> => {
    if (producer === null) throw new Error('there is no producer');
    transaction ??= await producer.transaction();
    return transaction;
  };

  const append = async (records: readonly OutgoingRecord[]): Promise<void> => {
    if (transaction === null) begunAtMs = performance.now();
    const messages = records.map(({ partition, key, value }) => ({ partition, key, value, headers: shared }));
    const appended = await (await begin()).sendBatch({
      acks: -1,
      topicMessages: [{ topic: passage.topic, messages }],
    });
    const counts = Map.groupBy(records, ({ partition }) => partition);
    for (const { partition, baseOffset } of appended)
      ends.set(partition, Number(baseOffset) + (counts.get(partition)?.length ?? 0));
  };

  /** The records of the transaction and the position in the source become visible at once. */
  const end = async (digestText: string): Promise<void> => {
    const part: SentPart = { ...identity, records: committed + pending.length, digest: digestText };
    const open = await begin();
    // The producer names the topic, and a new one may have its name: then what was sent just now is
    // not in the topic that is meant.
    const [topicId] = await Promise.all([
      log.topicId(),
      open.send({
        topic: SENDS_TOPIC,
        acks: -1,
        messages: [{ partition: 0, key: keyOfPart(identity), value: JSON.stringify(part) }],
      }),
    ]);
    if (topicId !== passage.topicId) throw recreated(passage, topicId);
    await open.commit();
    committed = part.records;
    pending = [];
    transaction = null;
  };

  /** Shuts out every producer with the same id, its open transaction included. */
  const open = async (): Promise<SentPart | null> => {
    await producer?.disconnect().catch(() => undefined);
    transaction = null;
    producer = kafkaClient(kafka, { initialRetryTime: 5, maxRetryTime: 1_000, retries: 12 }).producer({
      transactionalId: transactionalIdOf(identity),
      transactionTimeout: TRANSACTION_TIMEOUT_MS,
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    await (await producer.transaction()).abort();
    return remembered();
  };

  /**
   * Does it again with a new producer when the broker fails, after what was in the transaction is
   * settled.
   */
  const persist = (what: string, attempt: () => Promise<void>, isDone: () => boolean): Promise<void> =>
    asking(kafka, what, async () => {
      const giveUpAtMs = performance.now() + PATIENCE_MS;
      let isOpen = true;
      for (;;) {
        try {
          if (!isOpen) {
            // Asked before this producer shuts out another one, which may have taken over.
            if ((await remembered())?.session !== passage.session) throw takenOver(passage);
            const part = await open();
            isOpen = true;
            if (part?.session !== passage.session) throw takenOver(passage);
            if (part.records > committed) {
              committed = part.records;
              pending = [];
            } else if (pending.length > 0) await append(pending);
            if (isDone()) return;
          }
          return await attempt();
        } catch (error) {
          if (isFinal(error) || performance.now() > giveUpAtMs) throw error;
          isOpen = false;
          await sleep(PAUSE_MS);
        }
      }
    });

  const commit = async (): Promise<void> => {
    if (pending.length === 0) return;
    await persist(
      `committing records in ${passage.topic}`,
      () => end(digest.text()),
      () => pending.length === 0,
    );
  };

  /** The session is in the memory before the first record is sent. */
  const claim = async (): Promise<SentPart | null> => {
    const giveUpAtMs = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        const found = await open();
        if (found !== null) checkOptions(found, passage);
        committed = found?.records ?? 0;
        await end(found?.digest ?? digest.text());
        return found;
      } catch (error) {
        if (isFinal(error) || performance.now() > giveUpAtMs) throw error;
        await sleep(PAUSE_MS);
      }
    }
  };

  const close = async (): Promise<void> => {
    await transaction?.abort().catch(() => undefined);
    await Promise.all([producer?.disconnect(), log.close()]);
  };

  const before = await asking(kafka, 'connecting to Kafka', claim).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    before,
    async send(records) {
      if (records.length === 0) return;
      const target = committed + pending.length + records.length;
      for (const { key, value } of records) digest.add({ key, value: value ?? '' });
      pending = [...pending, ...records];
      let isFirst = true;
      await persist(
        `sending to ${passage.topic}`,
        async () => {
          // Later attempts find them among what is sent again.
          if (isFirst) {
            isFirst = false;
            await append(records);
          }
        },
        () => committed >= target,
      );
      if (pending.length >= COMMIT_RECORDS_MAX || performance.now() - begunAtMs >= COMMIT_EVERY_MS) await commit();
    },
    commit,
    async commitBefore(waitMs) {
      if (pending.length > 0 && performance.now() - begunAtMs + waitMs >= COMMIT_EVERY_MS) await commit();
    },
    ends: () => ends,
    close,
  };
}

/** Errors that no broker's restart cures. */
function isFinal(error: unknown): boolean {
  if (error instanceof BifoldError) return error.code !== 'BIFOLD_KAFKA_FAILED' && error.code !== 'BIFOLD_KAFKA_AWAY';
  if (!(error instanceof Error) || !error.name.startsWith('KafkaJS')) return true;
  return /AUTHORIZATION_FAILED|TOO_LARGE|INVALID_RECORD|UNSUPPORTED/.test(String((error as { type?: string }).type));
}

function checkOptions(before: SentPart, { options, source, topic }: Passage): void {
  const names = [...new Set([...Object.keys(before.options), ...Object.keys(options)])];
  const differing = names.filter((name) => before.options[name] !== options[name]);
  if (differing.length === 0) return;
  const told = (given: SentPart['options']) => differing.map((name) => `${name} ${given[name] ?? '(left out)'}`);
  throw new UsageError('BIFOLD_OTHER_OPTIONS', {
    failed: `sending ${source} to topic "${topic}" cannot go on: its records would look otherwise`,
    received: told(options).join(', '),
    allowed: `as it was begun: ${told(before.options).join(', ')}`,
    remedy: 'give the options with which the send began',
  });
}

/** Short, whatever the address of the source. */
function transactionalIdOf(identity: Pick<SentPart, 'topicId' | 'source'>): string {
  return `bifold-send-${createHash('sha256').update(keyOfPart(identity)).digest('hex').slice(0, 32)}`;
}

function recreated({ topic, topicId }: Passage, now: string | null): CliError {
  return new CliError('BIFOLD_TOPIC_GONE', {
    failed: `records were not sent to topic "${topic}"`,
    received: now === null ? 'no topic of that name any more' : `a topic created anew, with id ${now}`,
    allowed: `the topic with id ${topicId}, to which the send began`,
    remedy: 'run the command with --resumable: nothing of the source is in the new topic',
  });
}

function takenOver({ source, topic }: Passage): CliError {
  return new CliError('BIFOLD_SEND_TAKEN_OVER', {
    failed: `sending ${source} to topic "${topic}" was ended`,
    received: 'another process that sends the same source to the same topic',
    allowed: 'one process at a time',
    remedy: 'let the other process finish; nothing is lost or sent twice',
  });
}

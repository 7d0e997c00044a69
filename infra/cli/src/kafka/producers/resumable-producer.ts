import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type KafkaOptions, kafkaLog } from '@bifold/adapters/kafka';
import { BifoldError } from '@bifold/core';
import type { Log } from '@bifold/core/engine';
import { Partitioners, type Producer, type Transaction } from 'kafkajs';
import { CliError, UsageError } from '../../errors.ts';
import { brokerErrorOf, kafkaClient, withKafkaErrors } from '../client.ts';
import { type BatchLimit, requestsOf } from './batch-limit.ts';
import type { RecordDigest } from './record-digest.ts';
import type { OutgoingRecord } from './record-producer.ts';
import { keyOfPart, SENDS_TOPIC, type SendMemory, type SentPart } from './send-memory.ts';

/**
 * The maximum time between two commits, and the maximum number of records. Until the commit,
 * records stay in memory, to be sent again after a failure.
 */
const COMMIT_EVERY_MS = 1_000;
const COMMIT_RECORDS_MAX = 100_000;
/**
 * The transaction timeout: the broker then aborts the transaction of a dead producer. Until then,
 * readers do not read past it.
 */
const TRANSACTION_TIMEOUT_MS = 20_000;
/** The time within which a killed broker recovers. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 500;

type Headers = Readonly<Record<string, readonly string[]>>;

/** The send of one source to one topic. */
export interface Passage extends Omit<SentPart, 'records' | 'digest'> {
  readonly headers: Headers;
  readonly limit: BatchLimit;
}

/** A step towards the broker that is repeated until it succeeds. */
interface Persistent {
  readonly what: string;
  readonly attempt: () => Promise<void>;
  /** Whether recovery has done it already. */
  readonly isDone: () => boolean;
}

export interface ResumableProducer {
  /** The part that a predecessor has sent; null if there was none. */
  readonly before: SentPart | null;
  /** Sends records, which are committed after a moment, or by `commit`. */
  send(records: readonly OutgoingRecord[]): Promise<void>;
  commit(): Promise<void>;
  /** Commits first if a pause of this length would delay the commit of sent records. */
  commitBefore(waitMs: number): Promise<void>;
  /** Per partition, an offset that all records of this producer are below. */
  ends(): ReadonlyMap<number, number>;
  close(): Promise<void>;
}

/**
 * Sends records in transactions, each of which also commits the position in the source. The
 * transactional id belongs to the source and the topic id. So the next producer fences the previous
 * one, and aborts its open transaction. The committed position then equals the content of the
 * topic.
 * @param digest of the records that were sent before; `send` adds its records to it
 */
export async function resumableProducer(
  kafka: KafkaOptions,
  memory: SendMemory,
  passage: Passage,
  digest: RecordDigest,
): Promise<ResumableProducer> {
  const producer = new TransactionalProducer(kafka, memory, passage, digest);
  try {
    await producer.claim();
  } catch (error) {
    await producer.close();
    throw error;
  }
  return producer;
}

class TransactionalProducer implements ResumableProducer {
  before: SentPart | null = null;
  readonly #kafka: KafkaOptions;
  readonly #memory: SendMemory;
  readonly #passage: Passage;
  readonly #identity: Omit<Passage, 'headers' | 'limit'>;
  readonly #headers: Record<string, string[]>;
  readonly #digest: RecordDigest;
  readonly #log: Log;
  readonly #ends = new Map<number, number>();
  #producer: Producer | null = null;
  #transaction: Transaction | null = null;
  #begunAtMs = 0;
  #committed = 0;
  /** Records of the open transaction. */
  #pending: OutgoingRecord[] = [];

  constructor(kafka: KafkaOptions, memory: SendMemory, passage: Passage, digest: RecordDigest) {
    const { headers, limit: _, ...identity } = passage;
    this.#kafka = kafka;
    this.#memory = memory;
    this.#passage = passage;
    this.#identity = identity;
    this.#headers = Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, [...values]]));
    this.#digest = digest;
    this.#log = kafkaLog({ ...kafka, topic: passage.topic });
  }

  /** Fences predecessors. The session is in the memory before the first record is sent. */
  async claim(): Promise<void> {
    await withKafkaErrors(this.#kafka, 'connecting to Kafka', async () => {
      const giveUpAtMs = performance.now() + PATIENCE_MS;
      for (;;) {
        try {
          const found = await this.#connect();
          if (found !== null) checkOptions(found, this.#passage);
          this.#committed = found?.records ?? 0;
          await this.#endTransaction(found?.digest ?? this.#digest.text());
          this.before = found;
          return;
        } catch (error) {
          if (isFinal(error) || performance.now() > giveUpAtMs) throw error;
          await sleep(PAUSE_MS);
        }
      }
    });
  }

  async send(records: readonly OutgoingRecord[]): Promise<void> {
    if (records.length === 0) return;
    const target = this.#committed + this.#pending.length + records.length;
    for (const { key, value } of records) this.#digest.add({ key, value: value ?? '' });
    this.#pending = [...this.#pending, ...records];
    let isFirst = true;
    await this.#persist({
      what: `sending to ${this.#passage.topic}`,
      attempt: async () => {
        // A later attempt finds them sent again, with all that is pending.
        if (!isFirst) return;
        isFirst = false;
        await this.#append(records);
      },
      isDone: () => this.#committed >= target,
    });
    if (this.#pending.length >= COMMIT_RECORDS_MAX) await this.commit();
    else await this.commitBefore(0);
  }

  async commit(): Promise<void> {
    if (this.#pending.length === 0) return;
    await this.#persist({
      what: `committing records in ${this.#passage.topic}`,
      attempt: () => this.#endTransaction(this.#digest.text()),
      isDone: () => this.#pending.length === 0,
    });
  }

  async commitBefore(waitMs: number): Promise<void> {
    const openMs = performance.now() - this.#begunAtMs;
    if (this.#pending.length > 0 && openMs + waitMs >= COMMIT_EVERY_MS) await this.commit();
  }

  ends(): ReadonlyMap<number, number> {
    return this.#ends;
  }

  async close(): Promise<void> {
    await this.#transaction?.abort().catch(() => undefined);
    await Promise.all([this.#producer?.disconnect(), this.#log.close()]);
  }

  async #remembered(): Promise<SentPart | null> {
    return (await this.#memory.read()).get(keyOfPart(this.#identity)) ?? null;
  }

  /**
   * Connects a new producer, which fences every producer with the same id and aborts its open
   * transaction.
   */
  async #connect(): Promise<SentPart | null> {
    await this.#producer?.disconnect().catch(() => undefined);
    this.#transaction = null;
    this.#producer = kafkaClient(this.#kafka, { initialRetryTime: 5, maxRetryTime: 1_000, retries: 12 }).producer({
      transactionalId: transactionalIdOf(this.#identity),
      transactionTimeout: TRANSACTION_TIMEOUT_MS,
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    await this.#producer.connect();
    await (await this.#producer.transaction()).abort();
    return this.#remembered();
  }

  async #openTransaction(): Promise<Transaction> {
    if (this.#producer === null) throw new Error('there is no producer');
    this.#transaction ??= await this.#producer.transaction();
    return this.#transaction;
  }

  async #append(records: readonly OutgoingRecord[]): Promise<void> {
    if (this.#transaction === null) this.#begunAtMs = performance.now();
    const messages = records.map(({ partition, key, value }) => ({ partition, key, value, headers: this.#headers }));
    const transaction = await this.#openTransaction();
    const { topic, limit } = this.#passage;
    for (const request of requestsOf(messages, limit)) {
      const appended = await transaction.sendBatch({ acks: -1, topicMessages: [{ topic, messages: [...request] }] });
      const counts = Map.groupBy(request, ({ partition }) => partition);
      for (const { partition, baseOffset } of appended)
        this.#ends.set(partition, Number(baseOffset) + (counts.get(partition)?.length ?? 0));
    }
  }

  /** Commits the records and the position in the source together. */
  async #endTransaction(digest: string): Promise<void> {
    const part: SentPart = { ...this.#identity, records: this.#committed + this.#pending.length, digest };
    const transaction = await this.#openTransaction();
    // A producer addresses a topic by name. If the name belongs to a new topic by now, the records
    // of this transaction went to the wrong one.
    const [topicId] = await Promise.all([
      this.#log.topicId(),
      transaction.send({
        topic: SENDS_TOPIC,
        acks: -1,
        messages: [{ partition: 0, key: keyOfPart(this.#identity), value: JSON.stringify(part) }],
      }),
    ]);
    if (topicId !== this.#passage.topicId) throw recreated(this.#passage, topicId);
    await transaction.commit();
    this.#committed = part.records;
    this.#pending = [];
    this.#transaction = null;
  }

  /** Repeats an attempt with a new producer when the broker fails, for as long as the patience. */
  #persist({ what, attempt, isDone }: Persistent): Promise<void> {
    return withKafkaErrors(this.#kafka, what, async () => {
      const giveUpAtMs = performance.now() + PATIENCE_MS;
      for (let isRetry = false; ; isRetry = true) {
        try {
          if (isRetry) {
            await this.#recover();
            if (isDone()) return;
          }
          return await attempt();
        } catch (error) {
          if (isFinal(error) || performance.now() > giveUpAtMs) throw error;
          await sleep(PAUSE_MS);
        }
      }
    });
  }

  /** Settles what became of the open transaction; its records are sent again if it was aborted. */
  async #recover(): Promise<void> {
    const { session } = this.#passage;
    // Read before this producer fences another one, which may have taken over.
    if ((await this.#remembered())?.session !== session) throw takenOver(this.#passage);
    const part = await this.#connect();
    if (part?.session !== session) throw takenOver(this.#passage);
    if (part.records > this.#committed) {
      this.#committed = part.records;
      this.#pending = [];
    } else if (this.#pending.length > 0) await this.#append(this.#pending);
  }
}

/** Whether an error is permanent, so that a restart of a broker does not help. */
function isFinal(error: unknown): boolean {
  if (error instanceof BifoldError) return error.code !== 'BIFOLD_KAFKA_FAILED' && error.code !== 'BIFOLD_KAFKA_AWAY';
  if (!(error instanceof Error) || !error.name.startsWith('KafkaJS')) return true;
  return /AUTHORIZATION_FAILED|TOO_LARGE|INVALID_RECORD|UNSUPPORTED/.test(brokerErrorOf(error) ?? '');
}

function checkOptions(before: SentPart, { options, source, topic }: Passage): void {
  const names = [...new Set([...Object.keys(before.options), ...Object.keys(options)])];
  const differing = names.filter((name) => before.options[name] !== options[name]);
  if (differing.length === 0) return;
  const listed = (given: SentPart['options']) =>
    differing.map((name) => `${name} ${given[name] ?? '(left out)'}`).join(', ');
  throw new UsageError('BIFOLD_OTHER_OPTIONS', {
    failed: `sending ${source} to topic "${topic}" cannot go on: its records would look otherwise`,
    received: listed(options),
    allowed: `as it was begun: ${listed(before.options)}`,
    remedy: 'give the options with which the send began',
  });
}

/** The transactional id, which is short for any address of the source. */
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

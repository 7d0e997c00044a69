import type { KafkaOptions } from '@bifold/adapters/kafka';
import { certificateRefused, verifiedTls } from '@bifold/adapters/tls';
import { BifoldError } from '@bifold/core';
import { wholeAnswers } from '@bifold/trigger/frames';
import {
  Kafka,
  type Kafka as KafkaClient,
  logLevel,
  Partitioners,
  type Producer,
  type RetryOptions,
  type SASLOptions,
} from 'kafkajs';
import type { Context } from '../context.ts';
import { CliError, messageOf } from '../errors.ts';

export interface OutgoingRecord {
  readonly partition: number;
  readonly key: string | null;
  readonly value: string | Buffer | null;
}

/** Sends records in their order; one that resolves is written. */
export interface RecordProducer {
  /** @param headers of each of these records, several values of one name in a list */
  send(
    topic: string,
    records: readonly OutgoingRecord[],
    headers?: Readonly<Record<string, readonly string[]>>,
  ): Promise<void>;
  close(): Promise<void>;
}

/**
 * kafkajs 2.2.4 sets timers in the past, which Node 24 remarks on each time; everything else is
 * remarked on as before.
 */
function hushNegativeTimeouts(): void {
  const { emitWarning } = process;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    if (rest[0] !== 'TimeoutNegativeWarning') (emitWarning as (...all: unknown[]) => void)(warning, ...rest);
  }) as typeof process.emitWarning;
}
hushNegativeTimeouts();

/** A broker that was killed is back within seconds. */
const RETRY: RetryOptions = { initialRetryTime: 100, maxRetryTime: 2_000, retries: 12 };

export function kafkaClient({ brokers, credentials, tls }: KafkaOptions, retry = RETRY): KafkaClient {
  return new Kafka({
    clientId: 'bifold',
    brokers: [...brokers],
    ...(credentials === undefined ? {} : { sasl: { mechanism: 'scram-sha-512', ...credentials } as SASLOptions }),
    ...(tls ? { ssl: verifiedTls(tls) } : {}),
    logLevel: logLevel.NOTHING,
    socketFactory: wholeAnswers,
    connectionTimeout: 15_000,
    retry,
  });
}

/**
 * Idempotent: what the client repeats, the broker writes once. One request at a time, so that
 * records of a partition keep their order.
 */
export async function recordProducer(kafka: KafkaOptions): Promise<RecordProducer> {
  const producer: Producer = kafkaClient(kafka).producer({
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
  });
  await asking(kafka, 'connecting to Kafka', () => producer.connect());
  return {
    send: (topic, records, headers = {}) =>
      asking(kafka, `sending to ${topic}`, async () => {
        const shared = Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, [...values]]));
        const messages = records.map(({ partition, key, value }) => ({ partition, key, value, headers: shared }));
        await producer.sendBatch({ acks: -1, topicMessages: [{ topic, messages }] });
      }),
    close: () => producer.disconnect(),
  };
}

/**
 * Deletes a topic, and waits until the broker has forgotten it; one that does not exist is no
 * error.
 */
export async function deleteTopic({ addresses }: Context, topic: string): Promise<void> {
  const kafka = { brokers: [addresses.kafka.brokersInternal] };
  const admin = kafkaClient(kafka).admin();
  await asking(kafka, `deleting topic ${topic}`, async () => {
    await admin.connect();
    try {
      if (!(await admin.listTopics()).includes(topic)) return;
      await admin.deleteTopics({ topics: [topic], timeout: 10_000 });
      for (let tries = 0; tries < 200 && (await admin.listTopics()).includes(topic); tries++) {
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    } finally {
      await admin.disconnect();
    }
  });
}

/** An error of Kafka is reported with the brokers' addresses; our own errors pass unchanged. */
export async function asking<T>({ brokers }: KafkaOptions, what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    if (cause instanceof BifoldError) throw cause;
    const untrusted = certificateRefused(`${what} at ${brokers.join(', ')}`, cause);
    if (untrusted !== null) throw untrusted;
    throw new CliError(
      'BIFOLD_KAFKA_FAILED',
      {
        failed: `${what} at ${brokers.join(', ')} failed`,
        received: messageOf(cause),
        allowed: 'an acknowledgement of the broker',
        remedy: 'npx bifold up starts what is away; what was sent with --resumable goes on with --resume',
      },
      { cause },
    );
  }
}

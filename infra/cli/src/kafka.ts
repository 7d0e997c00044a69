import { Kafka, type Kafka as KafkaClient, logLevel, Partitioners, type Producer } from 'kafkajs';
import type { Context } from './context.ts';
import { CliError, messageOf } from './errors.ts';

export interface OutgoingRecord {
  readonly partition: number;
  readonly key: string | null;
  readonly value: string | Buffer | null;
}

/** Sends records in their order; one that resolves is written. */
export interface RecordProducer {
  send(topic: string, records: readonly OutgoingRecord[]): Promise<void>;
  close(): Promise<void>;
}

/** kafkajs 2.2.4 sets timers in the past, which Node 24 remarks on each time; everything else is remarked on as before. */
function hushNegativeTimeouts(): void {
  const { emitWarning } = process;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    if (rest[0] !== 'TimeoutNegativeWarning') (emitWarning as (...all: unknown[]) => void)(warning, ...rest);
  }) as typeof process.emitWarning;
}
hushNegativeTimeouts();

function client({ addresses }: Context): KafkaClient {
  return new Kafka({
    clientId: 'bifold',
    brokers: [addresses.kafka.brokersInternal],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 3_000,
    // A broker that was killed is back within seconds.
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 12 },
  });
}

/** Idempotent: what the client repeats, the broker writes once. One request at a time, so that records of a partition keep their order. */
export async function recordProducer(context: Context): Promise<RecordProducer> {
  const producer: Producer = client(context).producer({
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
  });
  await asking(context, 'connecting to Kafka', () => producer.connect());
  return {
    send: (topic, records) =>
      asking(context, `sending to ${topic}`, async () => {
        const messages = records.map(({ partition, key, value }) => ({ partition, key, value }));
        await producer.sendBatch({ acks: -1, topicMessages: [{ topic, messages }] });
      }),
    close: () => producer.disconnect(),
  };
}

/** Deletes a topic, and waits until the broker has forgotten it; one that does not exist is no error. */
export async function deleteTopic(context: Context, topic: string): Promise<void> {
  const admin = client(context).admin();
  await asking(context, `deleting topic ${topic}`, async () => {
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

async function asking<T>(context: Context, what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    throw new CliError(
      'BIFOLD_KAFKA_FAILED',
      {
        failed: `${what} at ${context.addresses.kafka.brokersInternal} failed`,
        received: messageOf(cause),
        allowed: 'an acknowledgement of the broker',
        remedy: 'npx bifold up starts what is away; with --resume nothing is sent twice',
      },
      { cause },
    );
  }
}

import type { KafkaOptions } from '@bifold/adapters/kafka';
import { Partitioners } from 'kafkajs';
import { kafkaClient, withKafkaErrors } from '../client.ts';
import { type BatchLimit, requestsOf } from './batch-limit.ts';

export interface OutgoingRecord {
  readonly partition: number;
  readonly key: string | null;
  readonly value: string | Buffer | null;
}

/** Sends records in order. A resolved promise means that they are written. */
export interface RecordProducer {
  /** @param headers of each of these records, several values of one name in a list */
  send(records: readonly OutgoingRecord[], headers?: Readonly<Record<string, readonly string[]>>): Promise<void>;
  close(): Promise<void>;
}

/**
 * An idempotent producer of a topic: the broker drops repeated records. It sends one request at a
 * time, so that records of a partition keep their order.
 */
export async function recordProducer(kafka: KafkaOptions, limit: BatchLimit): Promise<RecordProducer> {
  const { topic } = limit;
  const producer = kafkaClient(kafka).producer({
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
  });
  await withKafkaErrors(kafka, 'connecting to Kafka', () => producer.connect());
  return {
    send: (records, headers = {}) =>
      withKafkaErrors(kafka, `sending to ${topic}`, async () => {
        const shared = Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, [...values]]));
        const messages = records.map(({ partition, key, value }) => ({ partition, key, value, headers: shared }));
        for (const request of requestsOf(messages, limit))
          await producer.sendBatch({ acks: -1, topicMessages: [{ topic, messages: [...request] }] });
      }),
    close: () => producer.disconnect(),
  };
}

import type { KafkaAdmin, KafkaOptions } from '@bifold/adapters/kafka';
import type { BatchProducer, OutgoingMessage } from '@bifold/streams/engine';
import { Partitioners } from 'kafkajs';
import { kafkaClient, withKafkaErrors } from '../client.ts';

/**
 * A request's records must fit one batch of the broker (1 MiB) even if all of them go to one
 * partition.
 */
const REQUEST_BYTES_MAX = 900_000;
const RECORD_OVERHEAD_BYTES = 200;
/** The partition of the topic at which the number of the last batch is committed. */
const MARKED_PARTITION = 0;

/**
 * Writes batches to Kafka in transactions, each with its number. The number is the offset that a
 * consumer group of the producer's name commits within the transaction. So records and number
 * become visible together or not at all, and a successor can read the number of the last batch.
 */
export async function batchProducer(
  kafka: KafkaOptions,
  transactionalId: string,
  admin: KafkaAdmin,
): Promise<BatchProducer> {
  const producer = kafkaClient(kafka).producer({
    transactionalId,
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await withKafkaErrors(kafka, 'connecting to Kafka', async () => {
    await producer.connect();
    // Abort the open transaction of a predecessor. Before that, its number cannot be read.
    await (await producer.transaction()).abort();
  });
  return {
    async lastBatch(topic) {
      const offsets = await admin.groupOffsets(transactionalId, topic);
      return (offsets.get(MARKED_PARTITION) ?? 0) - 1;
    },
    send: (topic, batch, messages) =>
      withKafkaErrors(kafka, `writing batch ${batch} to ${topic}`, async () => {
        const transaction = await producer.transaction();
        try {
          for (const some of requestsOf(messages)) {
            await transaction.send({ topic, acks: -1, messages: some.map((message) => ({ ...message })) });
          }
          await transaction.sendOffsets({
            consumerGroupId: transactionalId,
            topics: [{ topic, partitions: [{ partition: MARKED_PARTITION, offset: String(batch + 1) }] }],
          });
          await transaction.commit();
        } catch (error) {
          // If this fails too, the transaction ends with its timeout.
          await transaction.abort().catch(() => undefined);
          throw error;
        }
      }),
    close: () => producer.disconnect(),
  };
}

function* requestsOf(messages: readonly OutgoingMessage[]): Generator<readonly OutgoingMessage[]> {
  let some: OutgoingMessage[] = [];
  let sizeBytes = 0;
  for (const message of messages) {
    const ownBytes = Buffer.byteLength(message.value) + Buffer.byteLength(message.key ?? '') + RECORD_OVERHEAD_BYTES;
    if (some.length > 0 && sizeBytes + ownBytes > REQUEST_BYTES_MAX) {
      yield some;
      some = [];
      sizeBytes = 0;
    }
    some.push(message);
    sizeBytes += ownBytes;
  }
  if (some.length > 0) yield some;
}

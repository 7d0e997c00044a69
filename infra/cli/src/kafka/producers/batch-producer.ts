import type { KafkaAdmin, KafkaOptions, TopicDescription } from '@bifold/adapters/kafka';
import type { BatchProducer } from '@bifold/streams/engine';
import { Partitioners } from 'kafkajs';
import { kafkaClient, withKafkaErrors } from '../client.ts';
import { type BatchLimit, batchLimitOf, requestsOf, tooLargeReason } from './batch-limit.ts';

/** The partition of the topic at which the number of the last batch is committed. */
const MARKED_PARTITION = 0;

/** The messages that a topic takes. */
interface TopicRules {
  readonly limit: BatchLimit;
  /** Whether it is compacted. */
  readonly needsKey: boolean;
}

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
  const known = new Map<string, TopicRules>();
  const rulesOf = async (topic: string): Promise<TopicRules> => {
    const rules = known.get(topic) ?? topicRules(topic, (await admin.describeTopic(topic))?.config ?? {});
    known.set(topic, rules);
    return rules;
  };
  return {
    async lastBatch(topic) {
      const offsets = await admin.groupOffsets(transactionalId, topic);
      return (offsets.get(MARKED_PARTITION) ?? 0) - 1;
    },
    messageCheck: (topic) =>
      withKafkaErrors(kafka, `describing ${topic}`, async () => {
        const { limit, needsKey } = await rulesOf(topic);
        return (message) =>
          needsKey && message.key === null
            ? `a record without a key; topic "${topic}" is compacted, so each record needs one`
            : tooLargeReason(message, limit);
      }),
    send: (topic, batch, messages) =>
      withKafkaErrors(kafka, `writing batch ${batch} to ${topic}`, async () => {
        const { limit } = await rulesOf(topic);
        const transaction = await producer.transaction();
        try {
          for (const request of requestsOf(messages, limit)) {
            await transaction.send({ topic, acks: -1, messages: request.map((message) => ({ ...message })) });
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

const topicRules = (topic: string, config: TopicDescription['config']): TopicRules => ({
  limit: batchLimitOf(topic, config),
  needsKey: (config['cleanup.policy'] ?? '').split(',').includes('compact'),
});

import type { Context } from '../../context.ts';
import { kafkaClient, withKafkaErrors } from '../client.ts';

/** Deletes a topic if it exists, and waits until the broker has removed it. */
export async function deleteTopic({ addresses }: Context, topic: string): Promise<void> {
  const kafka = { brokers: [addresses.kafka.brokersInternal] };
  const admin = kafkaClient(kafka).admin();
  await withKafkaErrors(kafka, `deleting topic ${topic}`, async () => {
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

import { kafkaLogWriter } from '@bifold/adapters/kafka';
import { partitionersOf, type RelayPorts, relayDelivery } from '@bifold/engine';
import { kafkaOfEnvironment, logOfEnvironment, once } from '../deployment/connections.ts';
import { deploymentOf, mapSetting } from '../deployment/environment.ts';
import { logger, MetricUnit, metrics, observed } from '../deployment/observed.ts';
import { type KafkaEvent, recordsByTopic } from '../speed/event.ts';

const { plan } = deploymentOf().pipeline;
const partitioners = partitionersOf(plan);
const topicIds = mapSetting('RELAY_SOURCES');

const ports = once(async (): Promise<RelayPorts> => {
  const sources = Object.entries(topicIds).map(
    ([topic, topicId]) => [topic, { log: logOfEnvironment(topic, topicId), topicId }] as const,
  );
  return {
    sources: new Map(sources),
    writer: kafkaLogWriter({ ...kafkaOfEnvironment(), topic: plan.topic }),
  };
});

/** Copies records of the source topics into the repartition topic. */
export const handler = observed(async (event: KafkaEvent) => {
  for (const [topic, delivery] of recordsByTopic(event)) {
    const relayed = await relayDelivery(partitioners, topic, delivery, await ports());
    metrics.addMetric(
      'relayed',
      MetricUnit.Count,
      relayed.reduce((sum, { records }) => sum + records, 0),
    );
    logger.info('relayed', { topic, partitions: relayed });
  }
});

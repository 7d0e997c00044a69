import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaTopics } from '@bifold/adapters/kafka';
import type { Ports } from '@bifold/streams/engine';
import type { Context } from '../context.ts';
import { batchProducer } from '../kafka/producers/batch-producer.ts';
import { folderOf } from '../records/remote-files.ts';

/**
 * The ports of a stream on this machine: its clock, the console, and the services of the local
 * cloud, which are connected on demand.
 */
export function runPorts(
  context: Context,
  signal: AbortSignal,
  show: Ports['show'],
): { readonly ports: Ports; close(): Promise<void> } {
  const kafka = { brokers: [context.addresses.kafka.brokersInternal] };
  let topics: Promise<KafkaTopics> | null = null;
  const kafkaTopics = (): Promise<KafkaTopics> => {
    topics ??= import('@bifold/adapters/kafka').then((adapters) => adapters.kafkaTopics(kafka));
    return topics;
  };
  const ports: Ports = {
    clock: () => Date.now(),
    newId: () => randomUUID(),
    // An interruption ends the wait too.
    waitUntil: (timeMs) => sleep(Math.max(0, timeMs - Date.now()), undefined, { signal }).catch(() => undefined),
    topics: async () => {
      const topics = await kafkaTopics();
      return {
        names: async () => (await topics.list()).filter(({ isInternal }) => !isInternal).map(({ name }) => name),
        offsets: (topic, mark) => topics.offsets(topic, mark),
        log: (topic) => context.log(topic),
      };
    },
    producer: async (transactionalId) => batchProducer(kafka, transactionalId, await context.kafkaAdmin()),
    cassandra: () => context.cassandra(),
    lookups: async () => (await context.database()).lookups,
    folder: (address) => folderOf(context, address),
    show,
  };
  return {
    ports,
    close: async () => {
      await (await topics?.catch(() => null))?.close();
    },
  };
}

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ports } from '@bifold/streams/engine';
import type { Context } from '../context.ts';
import { namesOf } from '../kafka/kafka-session.ts';
import { batchProducer } from '../kafka/producers/batch-producer.ts';
import { folderOf } from '../records/remote-files.ts';
import { ClientPool } from './client-pool.ts';

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
  const clients = new ClientPool();
  const ports: Ports = {
    clock: () => Date.now(),
    newId: () => randomUUID(),
    // An interruption ends the wait too.
    waitUntil: (timeMs) => sleep(Math.max(0, timeMs - Date.now()), undefined, { signal }).catch(() => undefined),
    topics: async () => {
      const topics = await clients.get(
        'topics',
        async () => (await import('@bifold/adapters/kafka')).kafkaTopics(kafka),
        (opened) => opened.close(),
      );
      return {
        names: () => namesOf(topics),
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
  return { ports, close: () => clients.close() };
}

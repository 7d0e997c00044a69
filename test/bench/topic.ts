import { kafkaAdmin } from '@bifold/adapters/kafka';
import { CompressionTypes, Kafka, logLevel, Partitioners } from 'kafkajs';
import { PARTITIONS, partitionOf, type ReadingsOf, reading, textOf } from './readings.ts';

/** Per partition, the offset behind its last event. */
export type EndOffsets = ReadonlyMap<number, number>;

export interface FilledTopic {
  readonly id: string;
  readonly ends: EndOffsets;
}

/**
 * A request's records must fit one batch of the broker (1 MiB), also if all of them went to one
 * partition.
 */
const REQUEST_EVENTS = 4_000;
const REQUESTS_IN_FLIGHT = 4;

/** A topic of that name with these events and no others: one that is there is deleted first. */
export async function fillTopic(
  broker: string,
  topic: string,
  of: ReadingsOf,
  signal: AbortSignal,
): Promise<FilledTopic> {
  const kafka = new Kafka({
    brokers: [broker],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 100, retries: 12 },
  });
  const [admin, producer] = [
    kafka.admin(),
    kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, maxInFlightRequests: REQUESTS_IN_FLIGHT }),
  ];
  const creating = kafkaAdmin({ brokers: [broker] });
  try {
    await Promise.all([admin.connect(), producer.connect()]);
    if ((await admin.listTopics()).includes(topic)) await admin.deleteTopics({ topics: [topic] });
    let id: string | null = null;
    for (let tries = 0; id === null && tries < 100; tries++) {
      // A topic that is being deleted is in the way for a moment.
      id = await creating.createTopic(topic, PARTITIONS);
      if (id === null) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    if (id === null) throw new Error(`topic ${topic} cannot be made anew: the broker does not let go of the old one`);

    const ends = new Map<number, number>(Array.from({ length: PARTITIONS }, (_, partition) => [partition, 0]));
    const { count } = of;
    const sending = new Set<Promise<unknown>>();
    for (let sent = 0; sent < count; sent += REQUEST_EVENTS) {
      signal.throwIfAborted();
      const messages = Array.from({ length: Math.min(REQUEST_EVENTS, count - sent) }, (_, place) => {
        const event = reading(of, sent + place);
        const partition = partitionOf(event.key);
        ends.set(partition, (ends.get(partition) ?? 0) + 1);
        return { key: event.key, value: textOf(event), partition };
      });
      const request = producer.send({ topic, messages, acks: 1, compression: CompressionTypes.None });
      const tracked = request.finally(() => sending.delete(tracked));
      sending.add(tracked);
      if (sending.size >= REQUESTS_IN_FLIGHT) await Promise.race(sending);
    }
    await Promise.all(sending);
    const offsets = await admin.fetchTopicOffsets(topic);
    for (const { partition, high } of offsets)
      if (Number(high) !== ends.get(partition))
        throw new Error(`partition ${partition} of ${topic} ends at ${high}, and ${ends.get(partition)} were sent`);
    return { id, ends };
  } finally {
    await Promise.allSettled([admin.disconnect(), producer.disconnect(), creating.close()]);
  }
}

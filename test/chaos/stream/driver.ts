import { setTimeout as sleep } from 'node:timers/promises';
// Teaches kafkajs all four codecs.
import '@bifold/trigger/codecs';
import { type Admin, CompressionTypes, Kafka, logLevel, Partitioners, type Producer } from 'kafkajs';
import type { Random } from '../../simulation/random.ts';
import { Ledger } from './ledger.ts';
import type { StreamedEvent, View } from './views.ts';

const PARTITIONS = 4;
const TICK_MS = 100;
/** Events that an outage held back are sent at once, but in requests that a broker accepts. */
const REQUEST_EVENTS_MAX = 1_000;
/** Each request is compressed by one of them, so that the batches of a partition are mixed. */
const COMPRESSIONS = [
  CompressionTypes.None,
  CompressionTypes.GZIP,
  CompressionTypes.Snappy,
  CompressionTypes.LZ4,
  CompressionTypes.ZSTD,
] as const;
/** One record in so many is none that can be folded. */
const POISON_EVERY = 307;

/**
 * The stream of one view: real flights, over and over, as fast as was asked for, whatever happens
 * to the broker.
 */
export interface Stream {
  readonly view: View;
  readonly ledger: Ledger;
  /** The time that the current request has waited for its acknowledgement; 0 if there is none. */
  waitingMs(): number;
  /** Requests that no acknowledgement ever came for, and that were looked up in the log. */
  inDoubt(): number;
  /** Sends nothing for a while, and returns when all that was sent is acknowledged. */
  pause(): Promise<void>;
  resume(): void;
  /** The next events, for another producer to send while the stream is paused. */
  lend(count: number): readonly StreamedEvent[];
  /** The partition of a record with this key, as Kafka's clients choose it. */
  partitionOf(key: string | null): number;
  /**
   * Sends nothing more, and returns when all that was sent is acknowledged. @throws what ended the
   * stream before
   */
  stop(): Promise<void>;
}

export function startStream(view: View, broker: string, eventsPerSecond: number, random: Random): Stream {
  const kafka = new Kafka({
    clientId: `chaos-${view.name}`,
    brokers: [broker],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2_000,
    requestTimeout: 15_000,
    retry: { initialRetryTime: 100, maxRetryTime: 500, retries: 200 },
  });
  const ledger = new Ledger(PARTITIONS);
  const partitioner = Partitioners.DefaultPartitioner();
  const partitionMetadata = Array.from({ length: PARTITIONS }, (_, partitionId) => ({
    partitionErrorCode: 0,
    partitionId,
    leader: 1,
    replicas: [1],
    isr: [1],
  }));
  let producer: Producer | null = null;
  let isStopping = false;
  let isPaused = false;
  let sentAtMs: number | null = null;
  let inDoubt = 0;
  let taken = 0;
  /** The number of taken events that the stream need not send. */
  let lent = 0;
  const partitionOf = (key: string | null): number =>
    partitioner({ topic: view.topic, partitionMetadata, message: { key: key ?? '', value: null } });

  const real = (): StreamedEvent => {
    const event = view.events[taken % view.events.length] as StreamedEvent;
    taken += 1;
    return event;
  };
  const next = (): StreamedEvent => {
    const event = real();
    return taken % POISON_EVERY === 0 ? poisoned(event, random) : event;
  };

  /** Idempotent: what the client repeats, the broker writes once. */
  const connected = async (): Promise<Producer> => {
    if (producer !== null) return producer;
    const made = kafka.producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false });
    await made.connect();
    producer = made;
    return made;
  };

  const send = async (events: readonly StreamedEvent[]): Promise<void> => {
    let left = Map.groupBy(events, ({ partitionKey }) => partitionOf(partitionKey));
    for (;;) {
      const messages = [...left].flatMap(([partition, part]) =>
        part.map(({ partitionKey, value }) => ({ partition, key: partitionKey, value })),
      );
      try {
        const acknowledged = await (await connected()).sendBatch({
          acks: -1,
          compression: random.pick(COMPRESSIONS),
          topicMessages: [{ topic: view.topic, messages }],
        });
        for (const { partition, baseOffset } of acknowledged) {
          ledger.append(partition, Number(baseOffset), left.get(partition) ?? []);
          left.delete(partition);
        }
        if (left.size === 0) return;
      } catch (error) {
        if (!isKafkas(error)) throw error;
        // Whether it was written, only the log knows. This producer is ended first: nothing of it
        // may arrive later.
        inDoubt += 1;
        await producer?.disconnect().catch(() => undefined);
        producer = null;
        left = await lookUp(kafka.admin(), view.topic, ledger, left);
        if (left.size === 0) return;
      }
    }
  };

  const run = async (): Promise<void> => {
    let streamedMs = 0;
    for (let lastMs = performance.now(); !isStopping; ) {
      const nowMs = performance.now();
      if (!isPaused) streamedMs += nowMs - lastMs;
      lastMs = nowMs;
      const due = isPaused ? 0 : Math.floor((streamedMs / 1000) * eventsPerSecond) - (taken - lent);
      if (due > 0) {
        sentAtMs = performance.now();
        await send(Array.from({ length: Math.min(due, REQUEST_EVENTS_MAX) }, next));
        sentAtMs = null;
      }
      if (due < REQUEST_EVENTS_MAX) await sleep(TICK_MS);
    }
  };
  const running = run();
  // The error is reported when the stream is stopped.
  running.catch(() => undefined);

  return {
    view,
    ledger,
    waitingMs: () => (sentAtMs === null ? 0 : performance.now() - sentAtMs),
    inDoubt: () => inDoubt,
    async pause() {
      isPaused = true;
      while (sentAtMs !== null) await sleep(TICK_MS / 10);
    },
    resume() {
      isPaused = false;
    },
    lend(count) {
      lent += count;
      return Array.from({ length: count }, real);
    },
    partitionOf,
    async stop() {
      isStopping = true;
      try {
        await running;
      } finally {
        await producer?.disconnect().catch(() => undefined);
      }
    },
  };
}

/**
 * The records of these that are not in the log: all or none of each partition, since a partition's
 * records of one request are one batch.
 */
async function lookUp(
  admin: Admin,
  topic: string,
  ledger: Ledger,
  sent: ReadonlyMap<number, StreamedEvent[]>,
): Promise<Map<number, StreamedEvent[]>> {
  const ends = await endsOf(admin, topic);
  const missing = new Map<number, StreamedEvent[]>();
  for (const [partition, events] of sent) {
    const known = ledger.next()[partition] ?? 0;
    if (ends.get(partition) === known) missing.set(partition, events);
    else ledger.append(partition, (ends.get(partition) ?? 0) - events.length, events);
  }
  return missing;
}

/** Asked until the broker answers. */
async function endsOf(admin: Admin, topic: string): Promise<ReadonlyMap<number, number>> {
  for (;;) {
    try {
      await admin.connect();
      const offsets = await admin.fetchTopicOffsets(topic);
      return new Map(offsets.map(({ partition, high }) => [partition, Number(high)]));
    } catch (error) {
      if (!isKafkas(error)) throw error;
      await sleep(TICK_MS);
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  }
}

/** The log's ends as the broker says them now. */
export function logEnds(broker: string, topic: string): Promise<ReadonlyMap<number, number>> {
  const kafka = new Kafka({ clientId: 'chaos-ends', brokers: [broker], logLevel: logLevel.NOTHING });
  return endsOf(kafka.admin(), topic);
}

function isKafkas(error: unknown): boolean {
  return error instanceof Error && error.name.startsWith('KafkaJS');
}

/** The same record, spoilt in one of the ways that the quarantine tells apart. */
function poisoned(event: StreamedEvent, random: Random): StreamedEvent {
  const [value, poison] = random.pick([
    [null, 'tombstone'],
    [event.value?.slice(0, -1) ?? '', 'not-json'],
    ['null', 'not-an-object'],
    ['{}', 'invalid'],
  ] as const);
  return { ...event, value, poison };
}

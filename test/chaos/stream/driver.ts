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
/** The share of invalid records: one in this number. */
const POISON_EVERY = 307;

/** The metadata of the topic, as a partitioner reads it. */
const PARTITION_METADATA = Array.from({ length: PARTITIONS }, (_, partitionId) => ({
  partitionErrorCode: 0,
  partitionId,
  leader: 1,
  replicas: [1],
  isr: [1],
}));

/**
 * The stream of one view: real flights, repeated, at the requested rate, even while the broker
 * fails.
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
  return new PacedStream(view, broker, eventsPerSecond, random);
}

class PacedStream implements Stream {
  readonly view: View;
  readonly ledger = new Ledger(PARTITIONS);
  readonly #sender: Sender;
  readonly #eventsPerSecond: number;
  readonly #random: Random;
  readonly #running: Promise<void>;
  #isStopping = false;
  #isPaused = false;
  #sentAtMs: number | null = null;
  #taken = 0;
  /** The number of taken events that the stream need not send. */
  #lent = 0;

  constructor(view: View, broker: string, eventsPerSecond: number, random: Random) {
    this.view = view;
    this.#sender = new Sender(view, broker, this.ledger, random);
    this.#eventsPerSecond = eventsPerSecond;
    this.#random = random;
    this.#running = this.#run();
    // The error is reported when the stream is stopped.
    this.#running.catch(() => undefined);
  }

  async #run(): Promise<void> {
    let streamedMs = 0;
    for (let lastMs = performance.now(); !this.#isStopping; ) {
      const nowMs = performance.now();
      if (!this.#isPaused) streamedMs += nowMs - lastMs;
      lastMs = nowMs;
      const paced = Math.floor((streamedMs / 1000) * this.#eventsPerSecond);
      const due = this.#isPaused ? 0 : paced - (this.#taken - this.#lent);
      if (due > 0) {
        this.#sentAtMs = performance.now();
        await this.#sender.send(Array.from({ length: Math.min(due, REQUEST_EVENTS_MAX) }, () => this.#next()));
        this.#sentAtMs = null;
      }
      if (due < REQUEST_EVENTS_MAX) await sleep(TICK_MS);
    }
  }

  #next(): StreamedEvent {
    const event = this.#take();
    return this.#taken % POISON_EVERY === 0 ? poisoned(event, this.#random) : event;
  }

  #take(): StreamedEvent {
    const { events } = this.view;
    const event = events[this.#taken % events.length] as StreamedEvent;
    this.#taken += 1;
    return event;
  }

  waitingMs(): number {
    return this.#sentAtMs === null ? 0 : performance.now() - this.#sentAtMs;
  }

  inDoubt(): number {
    return this.#sender.inDoubt;
  }

  async pause(): Promise<void> {
    this.#isPaused = true;
    while (this.#sentAtMs !== null) await sleep(TICK_MS / 10);
  }

  resume(): void {
    this.#isPaused = false;
  }

  lend(count: number): readonly StreamedEvent[] {
    this.#lent += count;
    return Array.from({ length: count }, () => this.#take());
  }

  partitionOf(key: string | null): number {
    return this.#sender.partitionOf(key);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    try {
      await this.#running;
    } finally {
      await this.#sender.close();
    }
  }
}

/** Sends events until each is acknowledged, and writes them to the ledger. */
class Sender {
  /** Requests that no acknowledgement came for. */
  inDoubt = 0;
  readonly #topic: string;
  readonly #kafka: Kafka;
  readonly #ledger: Ledger;
  readonly #random: Random;
  readonly #partitioner = Partitioners.DefaultPartitioner();
  #producer: Producer | null = null;

  constructor(view: View, broker: string, ledger: Ledger, random: Random) {
    this.#topic = view.topic;
    this.#ledger = ledger;
    this.#random = random;
    this.#kafka = new Kafka({
      clientId: `chaos-${view.name}`,
      brokers: [broker],
      logLevel: logLevel.NOTHING,
      connectionTimeout: 2_000,
      requestTimeout: 15_000,
      retry: { initialRetryTime: 100, maxRetryTime: 500, retries: 200 },
    });
  }

  partitionOf(key: string | null): number {
    const message = { key: key ?? '', value: null };
    return this.#partitioner({ topic: this.#topic, partitionMetadata: PARTITION_METADATA, message });
  }

  async send(events: readonly StreamedEvent[]): Promise<void> {
    let left = Map.groupBy(events, ({ partitionKey }) => this.partitionOf(partitionKey));
    while (left.size > 0) {
      try {
        await this.#request(left);
      } catch (error) {
        if (!isKafkas(error)) throw error;
        // Whether it was written, only the log knows. This producer is ended first: nothing of it
        // may arrive later.
        this.inDoubt += 1;
        await this.close();
        this.#producer = null;
        left = await lookUp(this.#kafka.admin(), this.#topic, this.#ledger, left);
      }
    }
  }

  /** One request. Removes the partitions that are acknowledged from those that are left. */
  async #request(left: Map<number, StreamedEvent[]>): Promise<void> {
    const messages = [...left].flatMap(([partition, part]) =>
      part.map(({ partitionKey, value }) => ({ partition, key: partitionKey, value })),
    );
    const producer = await this.#connected();
    const acknowledged = await producer.sendBatch({
      acks: -1,
      compression: this.#random.pick(COMPRESSIONS),
      topicMessages: [{ topic: this.#topic, messages }],
    });
    for (const { partition, baseOffset } of acknowledged) {
      this.#ledger.append(partition, Number(baseOffset), left.get(partition) ?? []);
      left.delete(partition);
    }
  }

  /** Idempotent: what the client repeats, the broker writes once. */
  async #connected(): Promise<Producer> {
    if (this.#producer !== null) return this.#producer;
    const made = this.#kafka.producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false });
    await made.connect();
    this.#producer = made;
    return made;
  }

  async close(): Promise<void> {
    await this.#producer?.disconnect().catch(() => undefined);
  }
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

/** The ends of the log. Repeated until the broker answers. */
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

/** The same record, made invalid for one of the quarantine reasons. */
function poisoned(event: StreamedEvent, random: Random): StreamedEvent {
  const [value, poison] = random.pick([
    [null, 'tombstone'],
    [event.value?.slice(0, -1) ?? '', 'not-json'],
    ['null', 'not-an-object'],
    ['{}', 'invalid'],
  ] as const);
  return { ...event, value, poison };
}

import type { Admin, Batch, Consumer } from 'kafkajs';
import type { KafkaRecord } from '../event.ts';
import type { Log } from '../log.ts';
import type { KafkaMapping } from '../mapping.ts';
import { type Credentials, connect, consumerOf } from './connection.ts';
import { committedPositions, logBounds, startingPositions } from './positions.ts';

/** The events of a source. All calls are synchronous and in log order per partition. */
export interface SourceListener {
  /**
   * The group assigned these partitions. Records that were consumed before are invalid, and are
   * delivered again from these positions.
   */
  assigned(positions: ReadonlyMap<number, number>): void;
  /** The assignment ended (a rebalance, a lost connection). */
  revoked(): void;
  records(partition: number, records: readonly KafkaRecord[], nextOffset: number): void;
  /** Log ends, read now and then. */
  ends(endOffsets: ReadonlyMap<number, number>): void;
  /** Time spent in fetching and decoding. */
  fetched(durationMs: number): void;
  lostToRetention(partition: number, from: number, to: number): void;
}

export interface Source {
  /**
   * Rejects when the connection to the group fails permanently: create a new source. Resolves after
   * `stop`.
   */
  readonly ended: Promise<void>;
  pause(partition: number): void;
  resume(partition: number): void;
  /** Commits positions. Rejects if the assignment is outdated. */
  commit(positions: ReadonlyMap<number, number>): Promise<void>;
  stop(): Promise<void>;
}

const endsIntervalMs = 1_000;
/**
 * The longest silence of a consumer. kafkajs polls at least every `fetchWaitMs`, so a longer
 * silence means that it hangs. It is then replaced.
 */
const silenceMaxMs = 60_000;

/**
 * Joins the mapping's group and consumes its topic.
 *
 * kafkajs fetches; this code keeps the positions. After every assignment, all partitions are paused
 * until the committed positions are read, and then sought explicitly. A fetched batch is accepted
 * only if it starts where the last one ended. So batches that were in flight during a rebalance can
 * neither reorder nor skip records.
 */
export async function startSource(
  mapping: KafkaMapping,
  credentials: Credentials | null,
  decodedBytesMax: number,
  listener: SourceListener,
  log: Log,
): Promise<Source> {
  const kafka = connect(mapping, credentials, log);
  const source = new GroupSource(
    mapping,
    { admin: kafka.admin(), consumer: consumerOf(kafka, mapping, decodedBytesMax) },
    listener,
    log,
  );
  try {
    await source.start();
  } catch (error) {
    await source.stop();
    throw error;
  }
  return source;
}

/**
 * `delivered` is the end of the last records, `expected` the position at which kafkajs fetches
 * (after markers).
 */
interface Place {
  delivered: number;
  expected: number;
}

class GroupSource implements Source {
  readonly ended: Promise<void>;
  readonly #mapping: KafkaMapping;
  readonly #admin: Admin;
  readonly #consumer: Consumer;
  readonly #listener: SourceListener;
  readonly #log: Log;
  readonly #places = new Map<number, Place>();
  readonly #watch: NodeJS.Timeout;
  #end: { resolve: () => void; reject: (error: Error) => void } = { resolve() {}, reject() {} };
  /** Counts assignments, to detect work of an earlier assignment. */
  #assignment = 0;
  #isStopping = false;
  #lastSignAtMs = Date.now();
  #isReadingEnds = false;

  constructor(
    mapping: KafkaMapping,
    { admin, consumer }: { readonly admin: Admin; readonly consumer: Consumer },
    listener: SourceListener,
    log: Log,
  ) {
    this.#mapping = mapping;
    this.#admin = admin;
    this.#consumer = consumer;
    this.#listener = listener;
    this.#log = log;
    this.ended = new Promise<void>((resolve, reject) => {
      this.#end = { resolve, reject };
    });
    this.ended.catch(() => {});
    this.#listen();
    this.#watch = setInterval(() => this.#look(), endsIntervalMs);
  }

  async start(): Promise<void> {
    await this.#admin.connect();
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topics: [this.#mapping.topic], fromBeginning: true });
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      // The call only queues records. Fetches and heartbeats continue while functions run, which
      // may take 14 minutes.
      eachBatch: async ({ batch, resolveOffset }) => this.#onBatch(batch, resolveOffset),
    });
  }

  pause(partition: number): void {
    this.#consumer.pause([{ topic: this.#mapping.topic, partitions: [partition] }]);
  }

  resume(partition: number): void {
    this.#consumer.resume([{ topic: this.#mapping.topic, partitions: [partition] }]);
  }

  commit(positions: ReadonlyMap<number, number>): Promise<void> {
    const { topic } = this.#mapping;
    return this.#consumer.commitOffsets(
      [...positions].map(([partition, position]) => ({ topic, partition, offset: String(position) })),
    );
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#assignment += 1;
    this.#places.clear();
    clearInterval(this.#watch);
    await Promise.allSettled([this.#consumer.disconnect(), this.#admin.disconnect()]);
    this.#end.resolve();
  }

  #listen(): void {
    const { events } = this.#consumer;
    this.#consumer.on(events.GROUP_JOIN, ({ payload }) => {
      this.#onAssigned(payload.memberAssignment[this.#mapping.topic] ?? []).catch((error: Error) =>
        this.#end.reject(error),
      );
    });
    this.#consumer.on(events.START_BATCH_PROCESS, ({ payload }) => {
      // Only markers or aborted records: kafkajs moves on without calling `eachBatch`.
      const place = this.#places.get(payload.partition);
      if (place !== undefined && payload.batchSize === 0) place.expected = Number(payload.lastOffset) + 1;
    });
    this.#consumer.on(events.FETCH, ({ payload }) => {
      this.#lastSignAtMs = Date.now();
      this.#listener.fetched(payload.duration);
    });
    this.#consumer.on(events.CRASH, ({ payload }) => this.#end.reject(payload.error));
    this.#consumer.on(events.STOP, () => {
      if (this.#isStopping) this.#end.resolve();
    });
  }

  async #onAssigned(partitions: readonly number[]): Promise<void> {
    const { topic } = this.#mapping;
    const assignment = ++this.#assignment;
    this.#places.clear();
    this.#listener.revoked();
    if (partitions.length > 0) this.#consumer.pause([{ topic, partitions: [...partitions] }]);
    const positions = await this.#positionsOf(partitions, assignment);
    if (positions === null) return;
    for (const [partition, position] of positions) {
      this.#places.set(partition, { delivered: position, expected: position });
      this.#consumer.seek({ topic, partition, offset: String(position) });
    }
    this.#listener.assigned(positions);
    if (partitions.length > 0) this.#consumer.resume([{ topic, partitions: [...partitions] }]);
  }

  /**
   * The start positions of the assigned partitions. Null if the assignment ended in the meantime.
   */
  async #positionsOf(partitions: readonly number[], assignment: number): Promise<Map<number, number> | null> {
    const committed = await committedPositions(this.#admin, this.#mapping);
    if (this.#isOver(assignment)) return null;
    const positions = new Map([...committed].filter(([partition]) => partitions.includes(partition)));
    const missing = partitions.filter((partition) => !committed.has(partition));
    if (missing.length === 0) return positions;
    // Commit before the first record. Otherwise a mapping on LATEST that is killed before its first
    // batch would restart at a later end, and lose the records in between.
    const starts = await startingPositions(this.#admin, this.#mapping, missing, committed.size > 0);
    if (this.#isOver(assignment)) return null;
    await this.commit(starts);
    if (this.#isOver(assignment)) return null;
    this.#log('info', 'the group begins', { mapping: this.#mapping.uuid, positions: Object.fromEntries(starts) });
    return new Map([...positions, ...starts]);
  }

  #isOver(assignment: number): boolean {
    return assignment !== this.#assignment || this.#isStopping;
  }

  #onBatch(batch: Batch, resolveOffset: (offset: string) => void): void {
    const place = this.#places.get(batch.partition);
    if (place === undefined) return;
    const fetched = Number((batch as unknown as { fetchedOffset: string }).fetchedOffset);
    if (fetched < place.delivered || fetched > place.expected) {
      void this.#onMisplaced(batch.partition, fetched).catch((error: Error) => this.#end.reject(error));
      return;
    }
    const next = Number(batch.lastOffset()) + 1;
    place.delivered = next;
    place.expected = next;
    resolveOffset(batch.lastOffset());
    this.#listener.records(batch.partition, batch.messages as readonly KafkaRecord[], next);
  }

  async #onMisplaced(partition: number, fetched: number): Promise<void> {
    const { topic } = this.#mapping;
    const place = this.#places.get(partition);
    const assignment = this.#assignment;
    if (place === undefined) return;
    const { low, high } = (await logBounds(this.#admin, topic)).get(partition) ?? { low: 0, high: 0 };
    if (assignment !== this.#assignment || this.#places.get(partition) !== place) return;
    if (place.expected < low || place.expected > high) {
      // Retention was faster than the function, or the topic was recreated under the same name.
      this.#listener.lostToRetention(partition, place.expected, low);
      place.delivered = low;
      place.expected = low;
    }
    this.#log('warn', 'the fetched batch is not where it should be: sought again', { partition, fetched, ...place });
    this.#consumer.seek({ topic, partition, offset: String(place.expected) });
  }

  /** Detects a hanging consumer, and reads the ends of the log. */
  #look(): void {
    if (Date.now() - this.#lastSignAtMs > silenceMaxMs)
      this.#end.reject(new Error('the consumer has been silent for too long'));
    if (this.#isReadingEnds) return;
    this.#isReadingEnds = true;
    logBounds(this.#admin, this.#mapping.topic)
      .then(
        (bounds) => this.#listener.ends(new Map([...bounds].map(([partition, { high }]) => [partition, high]))),
        // The lag is then outdated. The consumer itself reports a lost connection.
        () => {},
      )
      .finally(() => {
        this.#isReadingEnds = false;
      });
  }
}

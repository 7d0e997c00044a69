import kafkajs, { type Admin, type Batch, type Kafka, type LogEntry, type SASLOptions } from 'kafkajs';
import { boundFetches } from './codecs.ts';
import type { KafkaRecord } from './event.ts';
import { wholeAnswers } from './frames.ts';
import type { Log } from './log.ts';
import type { KafkaMapping, SaslMechanism } from './mapping.ts';

/** kafkajs stays behind this file. */

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** The events of a source. All calls are synchronous and in log order per partition. */
export interface SourceListener {
  /**
   * The group gave these partitions: whatever was consumed before is void, records come again from
   * these positions.
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
   * Rejects when the connection to the group cannot go on; then a new source is needed. Resolves
   * after `stop`.
   */
  readonly ended: Promise<void>;
  pause(partition: number): void;
  resume(partition: number): void;
  /** Commits positions. Rejects when the group has moved on. */
  commit(positions: ReadonlyMap<number, number>): Promise<void>;
  stop(): Promise<void>;
}

/** The time for which an idle broker holds a fetch. It bounds the delay of a resumed partition. */
const fetchWaitMs = 100;
const fetchBytesPerPartition = 4 * 1024 * 1024;
/**
 * The least that a stock broker allows, so that the partitions of a killed trigger are soon free.
 * Heartbeats come from the fetch loop every second and don't wait for invocations.
 */
const sessionTimeoutMs = 6_000;
const heartbeatIntervalMs = 1_000;
const rebalanceTimeoutMs = 15_000;
/**
 * The timeout that detects a silently lost connection: kafkajs would wait 30 s. Joining a group has
 * a longer timeout.
 */
const requestTimeoutMs = 8_000;
/**
 * The time within which a new partition of the topic is read. kafkajs would look after five
 * minutes.
 */
const newPartitionsWithinMs = 10_000;
const endsIntervalMs = 1_000;
const repeatAfterMs = 60_000;
/**
 * kafkajs polls at least every `fetchWaitMs`: a longer silence means that it hangs, and it is
 * replaced.
 */
const silenceMaxMs = 60_000;

const { logLevel } = kafkajs;

function connect(mapping: KafkaMapping, credentials: Credentials | null, log: Log): Kafka {
  return new kafkajs.Kafka({
    clientId: `trigger-${mapping.uuid}`,
    brokers: [...mapping.bootstrapServers],
    ...(mapping.authentication !== null && credentials !== null
      ? { sasl: sasl(mapping.authentication.mechanism, credentials) }
      : {}),
    socketFactory: wholeAnswers,
    connectionTimeout: 5_000,
    requestTimeout: requestTimeoutMs,
    // A crash is not restarted inside kafkajs: `ended` rejects, and there is one way back, ours.
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 5, restartOnFailure: async () => false },
    logLevel: logLevel.WARN,
    logCreator: () => quietly(mapping, log),
  });
}

/**
 * kafkajs repeats itself several times a second while a broker is away: each text is passed on once
 * in a while.
 */
function quietly(mapping: KafkaMapping, log: Log): (entry: LogEntry) => void {
  const saidAtMs = new Map<string, number>();
  return ({ log: { message, error } }) => {
    const text = error === undefined ? message : `${message}: ${error}`;
    const now = Date.now();
    if (now - (saidAtMs.get(text) ?? 0) < repeatAfterMs) return;
    saidAtMs.set(text, now);
    log('warn', `kafkajs: ${text}`, { mapping: mapping.uuid });
  };
}

function sasl(mechanism: SaslMechanism, { username, password }: Credentials): SASLOptions {
  switch (mechanism) {
    case 'plain':
      return { mechanism: 'plain', username, password };
    case 'scram-sha-256':
      return { mechanism: 'scram-sha-256', username, password };
    case 'scram-sha-512':
      return { mechanism: 'scram-sha-512', username, password };
  }
}

/**
 * Joins the mapping's group and consumes its topic.
 *
 * kafkajs fetches; positions are kept here. After every assignment all partitions are paused until
 * the committed positions were read, then sought explicitly, and a fetched batch is accepted only
 * where the last one ended: batches that were under way during a rebalance can therefore neither
 * reorder nor skip records.
 */
export async function startSource(
  mapping: KafkaMapping,
  credentials: Credentials | null,
  decodedBytesMax: number,
  listener: SourceListener,
  log: Log,
): Promise<Source> {
  const kafka = connect(mapping, credentials, log);
  const { topic } = mapping;
  const admin = kafka.admin();
  const consumer = kafka.consumer({
    groupId: mapping.groupId,
    sessionTimeout: sessionTimeoutMs,
    heartbeatInterval: heartbeatIntervalMs,
    rebalanceTimeout: rebalanceTimeoutMs,
    maxWaitTimeInMs: fetchWaitMs,
    minBytes: 1,
    maxBytesPerPartition: fetchBytesPerPartition,
    maxBytes: 4 * fetchBytesPerPartition,
    metadataMaxAge: newPartitionsWithinMs,
    readUncommitted: false,
    allowAutoTopicCreation: false,
  });
  boundFetches(consumer, decodedBytesMax);

  /**
   * Per partition: `delivered` is where the last records ended, `expected` where kafkajs will fetch
   * (past markers).
   */
  const places = new Map<number, { delivered: number; expected: number }>();
  /** Counts assignments, so that what began under an earlier one is recognized. */
  let assignment = 0;
  let isStopping = false;
  let lastSignAtMs = Date.now();
  let end: { resolve: () => void; reject: (error: Error) => void } = { resolve() {}, reject() {} };
  const ended = new Promise<void>((resolve, reject) => {
    end = { resolve, reject };
  });
  ended.catch(() => {});

  const commit = (positions: ReadonlyMap<number, number>) =>
    consumer.commitOffsets(
      [...positions].map(([partition, position]) => ({ topic, partition, offset: String(position) })),
    );

  const onAssigned = async (partitions: readonly number[]) => {
    const mine = ++assignment;
    places.clear();
    listener.revoked();
    if (partitions.length > 0) consumer.pause([{ topic, partitions: [...partitions] }]);
    const committed = await committedPositions(admin, mapping);
    if (mine !== assignment || isStopping) return;
    const missing = partitions.filter((partition) => !committed.has(partition));
    const positions = new Map(committed);
    if (missing.length > 0) {
      // Committed before the first record. Otherwise a mapping on LATEST that is killed before its
      // first batch would restart at a later end, and lose the records between.
      const starts = await startingPositions(admin, mapping, missing, committed.size > 0);
      if (mine !== assignment || isStopping) return;
      await commit(starts);
      if (mine !== assignment || isStopping) return;
      for (const [partition, position] of starts) positions.set(partition, position);
      log('info', 'the group begins', { mapping: mapping.uuid, positions: Object.fromEntries(starts) });
    }
    for (const partition of positions.keys()) if (!partitions.includes(partition)) positions.delete(partition);
    for (const [partition, position] of positions) {
      places.set(partition, { delivered: position, expected: position });
      consumer.seek({ topic, partition, offset: String(position) });
    }
    listener.assigned(positions);
    if (partitions.length > 0) consumer.resume([{ topic, partitions: [...partitions] }]);
  };

  const onMisplaced = async (partition: number, fetched: number) => {
    const place = places.get(partition);
    const mine = assignment;
    if (place === undefined) return;
    const { low, high } = (await logBounds(admin, topic)).get(partition) ?? { low: 0, high: 0 };
    if (mine !== assignment || places.get(partition) !== place) return;
    if (place.expected < low || place.expected > high) {
      // Retention was faster than the function, or the topic was recreated under the same name.
      listener.lostToRetention(partition, place.expected, low);
      place.delivered = low;
      place.expected = low;
    }
    log('warn', 'the fetched batch is not where it should be: sought again', { partition, fetched, ...place });
    consumer.seek({ topic, partition, offset: String(place.expected) });
  };

  const onBatch = (batch: Batch, resolveOffset: (offset: string) => void) => {
    const place = places.get(batch.partition);
    if (place === undefined) return;
    const fetched = Number((batch as unknown as { fetchedOffset: string }).fetchedOffset);
    if (fetched < place.delivered || fetched > place.expected) {
      void onMisplaced(batch.partition, fetched).catch((error: Error) => end.reject(error));
      return;
    }
    const next = Number(batch.lastOffset()) + 1;
    place.delivered = next;
    place.expected = next;
    resolveOffset(batch.lastOffset());
    listener.records(batch.partition, batch.messages as readonly KafkaRecord[], next);
  };

  const { events } = consumer;
  consumer.on(events.GROUP_JOIN, ({ payload }) => {
    onAssigned(payload.memberAssignment[topic] ?? []).catch((error: Error) => end.reject(error));
  });
  consumer.on(events.START_BATCH_PROCESS, ({ payload }) => {
    // Only markers or aborted records: kafkajs moves on without calling `eachBatch`.
    const place = places.get(payload.partition);
    if (place !== undefined && payload.batchSize === 0) place.expected = Number(payload.lastOffset) + 1;
  });
  consumer.on(events.FETCH, ({ payload }) => {
    lastSignAtMs = Date.now();
    listener.fetched(payload.duration);
  });
  consumer.on(events.CRASH, ({ payload }) => end.reject(payload.error));
  consumer.on(events.STOP, () => {
    if (isStopping) end.resolve();
  });

  let isReadingEnds = false;
  const watch = setInterval(() => {
    if (Date.now() - lastSignAtMs > silenceMaxMs) end.reject(new Error('the consumer has been silent for too long'));
    if (isReadingEnds) return;
    isReadingEnds = true;
    logBounds(admin, topic)
      .then(
        (bounds) => listener.ends(new Map([...bounds].map(([partition, { high }]) => [partition, high]))),
        // The lag is then as old as the connection; the consumer itself reports the loss of the
        // connection.
        () => {},
      )
      .finally(() => {
        isReadingEnds = false;
      });
  }, endsIntervalMs);

  const stop = async () => {
    isStopping = true;
    assignment += 1;
    places.clear();
    clearInterval(watch);
    await Promise.allSettled([consumer.disconnect(), admin.disconnect()]);
    end.resolve();
  };

  try {
    await admin.connect();
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      // The call only queues, so fetching and heartbeats go on while functions run, for 14 minutes
      // if they like.
      eachBatch: async ({ batch, resolveOffset }) => onBatch(batch, resolveOffset),
    });
  } catch (error) {
    await stop();
    throw error;
  }

  return {
    ended,
    pause: (partition) => consumer.pause([{ topic, partitions: [partition] }]),
    resume: (partition) => consumer.resume([{ topic, partitions: [partition] }]),
    commit,
    stop,
  };
}

/**
 * The start of partitions without a committed offset. Under LATEST, a partition beside committed
 * ones was added after the mapping started, and all of its records are new.
 */
async function startingPositions(
  admin: Admin,
  { topic, startingPosition }: KafkaMapping,
  missing: readonly number[],
  hasOthers: boolean,
): Promise<Map<number, number>> {
  const pick = (offsets: readonly { partition: number; offset: string }[]) =>
    new Map(
      offsets
        .filter(({ partition }) => missing.includes(partition))
        .map(({ partition, offset }) => [partition, Number(offset)]),
    );
  switch (startingPosition.kind) {
    case 'trim-horizon':
      return lows(admin, topic, missing);
    case 'latest':
      return hasOthers ? lows(admin, topic, missing) : pick(await admin.fetchTopicOffsets(topic));
    case 'at-timestamp':
      return pick(await admin.fetchTopicOffsetsByTimestamp(topic, startingPosition.timestampMs));
  }
}

async function lows(admin: Admin, topic: string, partitions: readonly number[]): Promise<Map<number, number>> {
  const bounds = await logBounds(admin, topic);
  return new Map(partitions.map((partition) => [partition, bounds.get(partition)?.low ?? 0]));
}

async function committedPositions(admin: Admin, { groupId, topic }: KafkaMapping): Promise<Map<number, number>> {
  const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
  return new Map(
    (found?.partitions ?? [])
      .map(({ partition, offset }): [number, number] => [partition, Number(offset)])
      .filter(([, position]) => position >= 0),
  );
}

async function logBounds(admin: Admin, topic: string): Promise<Map<number, { low: number; high: number }>> {
  const offsets = await admin.fetchTopicOffsets(topic);
  return new Map(offsets.map(({ partition, low, high }) => [partition, { low: Number(low), high: Number(high) }]));
}

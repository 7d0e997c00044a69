import kafkajs, { type Consumer, type Kafka, type LogEntry, type SASLOptions } from 'kafkajs';
import type { Log } from '../log.ts';
import type { KafkaMapping, SaslMechanism } from '../mapping.ts';
import { boundFetches } from './codecs.ts';
import { wholeAnswers } from './frames.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** The time for which an idle broker holds a fetch. It bounds the delay of a resumed partition. */
const fetchWaitMs = 100;
const fetchBytesPerPartition = 4 * 1024 * 1024;
/**
 * The minimum that a broker allows by default, so that the partitions of a killed trigger are free
 * soon. The fetch loop sends heartbeats every second, independent of invocations.
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
const repeatAfterMs = 60_000;

const { logLevel } = kafkajs;

export function connect(mapping: KafkaMapping, credentials: Credentials | null, log: Log): Kafka {
  return new kafkajs.Kafka({
    clientId: `trigger-${mapping.uuid}`,
    brokers: [...mapping.bootstrapServers],
    ...(mapping.authentication !== null && credentials !== null
      ? { sasl: sasl(mapping.authentication.mechanism, credentials) }
      : {}),
    socketFactory: wholeAnswers,
    connectionTimeout: 5_000,
    requestTimeout: requestTimeoutMs,
    // kafkajs does not restart after a crash: `ended` rejects, and our code reconnects.
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 5, restartOnFailure: async () => false },
    logLevel: logLevel.WARN,
    logCreator: () => quietly(mapping, log),
  });
}

/** A consumer of the mapping's group that decodes at most `decodedBytesMax` in one fetch. */
export function consumerOf(kafka: Kafka, { groupId }: KafkaMapping, decodedBytesMax: number): Consumer {
  const consumer = kafka.consumer({
    groupId,
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
  return consumer;
}

/**
 * Limits repeated log lines: while a broker is unavailable, kafkajs logs the same text several
 * times a second.
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

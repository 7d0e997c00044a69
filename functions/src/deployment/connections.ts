import { type CassandraClient, connectCassandra } from '@bifold/adapters/cassandra';
import { type KafkaOptions, kafkaLog } from '@bifold/adapters/kafka';
import { readCredentials } from '@bifold/adapters/secrets';
import type { Tls } from '@bifold/adapters/tls';
import type { Log } from '@bifold/core';
import { listSetting, optionalSetting, setting } from './environment.ts';

/** The database of the function's settings. Credentials come from the secret, when one is named. */
export async function cassandraOfEnvironment(): Promise<CassandraClient> {
  const secret = optionalSetting('CASSANDRA_SECRET_ARN');
  return connectCassandra({
    contactPoints: listSetting('CASSANDRA_CONTACT_POINTS'),
    localDataCenter: setting('CASSANDRA_LOCAL_DC'),
    keyspace: setting('BIFOLD_KEYSPACE'),
    tls: tlsOf('CASSANDRA'),
    ...(secret === undefined ? {} : { credentials: await readCredentials(secret) }),
  });
}

/** A log, read by offset: of the incarnation that it was deployed for, and of no other. */
export async function logOfEnvironment(topic: string, incarnation: string): Promise<Log> {
  const decodedMib = optionalSetting('KAFKA_DECODED_MIB');
  const bound = decodedMib === undefined ? {} : { decodedBytesMax: Number(decodedMib) * 1024 * 1024 };
  return kafkaLog({ ...(await kafkaOfEnvironment()), ...bound, topic, incarnation });
}

/** The brokers of the function's settings. */
export async function kafkaOfEnvironment(): Promise<KafkaOptions> {
  const secret = optionalSetting('KAFKA_SECRET_ARN');
  return {
    brokers: listSetting('KAFKA_BROKERS'),
    tls: tlsOf('KAFKA'),
    ...(secret === undefined
      ? {}
      : { credentials: { ...(await readCredentials(secret)), mechanism: 'SCRAM-SHA-512' as const } }),
  };
}

function tlsOf(service: 'CASSANDRA' | 'KAFKA'): Tls {
  if (optionalSetting(`${service}_TLS`) !== 'true') return false;
  const [ca, serverName] = [optionalSetting(`${service}_CA`), optionalSetting(`${service}_SERVER_NAME`)];
  return { ...(ca === undefined ? {} : { ca }), ...(serverName === undefined ? {} : { serverName }) };
}

/** What is made once per process, on first use, and made again if making it failed. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

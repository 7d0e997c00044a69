import { type KafkaConnection, kafkaLog } from '@bifold/adapters/kafka';
import { type CredentialsSource, secretCredentials } from '@bifold/adapters/secrets';
import { openStores, type Stores } from '@bifold/adapters/stores';
import type { Tls } from '@bifold/adapters/tls';
import type { Log } from '@bifold/core/engine';
import { listSetting, optionalSetting, setting } from './environment.ts';

/** The credentials sources of the process. Its clients share them, so each secret is read once. */
const sources = new Map<string, CredentialsSource>();

/** The credentials of the secret that a setting names. Empty if there is no such setting. */
function credentialsOfSetting(name: string): { readonly credentials?: CredentialsSource } {
  const secretArn = optionalSetting(name);
  if (secretArn === undefined) return {};
  const maxAge = optionalSetting('SECRET_MAX_AGE_SECONDS');
  const options = maxAge === undefined ? {} : { maxAgeMs: Number(maxAge) * 1_000 };
  const credentials = sources.get(secretArn) ?? secretCredentials(secretArn, options);
  sources.set(secretArn, credentials);
  return { credentials };
}

/** The stores of the function's settings. Credentials come from the secret, when one is named. */
export function storesOfEnvironment(): Promise<Stores> {
  return openStores({
    cassandra: {
      contactPoints: listSetting('CASSANDRA_CONTACT_POINTS'),
      localDataCenter: setting('CASSANDRA_LOCAL_DC'),
      keyspace: setting('BIFOLD_KEYSPACE'),
      tls: tlsOf('CASSANDRA'),
      ...credentialsOfSetting('CASSANDRA_SECRET_ARN'),
    },
    archive: setting('ARCHIVE_BUCKET'),
  });
}

/** The log of a topic, by topic id, read by offset. */
export function logOfEnvironment(topic: string, topicId: string): Log {
  const decodedMib = optionalSetting('KAFKA_DECODED_MIB');
  const bound = decodedMib === undefined ? {} : { decodedBytesMax: Number(decodedMib) * 1024 * 1024 };
  return kafkaLog({ ...kafkaOfEnvironment(), ...bound, topic, topicId });
}

/** The brokers of the function's settings. */
export function kafkaOfEnvironment(): KafkaConnection {
  return {
    brokers: listSetting('KAFKA_BROKERS'),
    tls: tlsOf('KAFKA'),
    ...credentialsOfSetting('KAFKA_SECRET_ARN'),
  };
}

function tlsOf(service: 'CASSANDRA' | 'KAFKA'): Tls {
  if (optionalSetting(`${service}_TLS`) !== 'true') return false;
  const [ca, serverName] = [optionalSetting(`${service}_CA`), optionalSetting(`${service}_SERVER_NAME`)];
  return { ...(ca === undefined ? {} : { ca }), ...(serverName === undefined ? {} : { serverName }) };
}

/** Creates a value at first use, once per process. After a failure, the next use tries again. */
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

import { readFileSync } from 'node:fs';
import type { KafkaOptions, KafkaTopics, TopicState } from '@bifold/adapters/kafka';
import { type Command, InvalidArgumentError } from 'commander';
import { type Context, withContext } from '../context.ts';
import { type DeploymentRecord, readDeployments } from '../deployment/deployments.ts';
import { CliError, messageOf, UsageError } from '../errors.ts';
import { groupsOf, reads } from './groups/pipeline-groups.ts';

/** The brokers of a command; by default those of the local cloud. */
export interface KafkaChoice {
  readonly brokers?: readonly string[];
  readonly username?: string;
  readonly tls?: boolean;
  readonly tlsCa?: string;
}

export function withKafkaOptions(command: Command): Command {
  return command
    .option('--brokers <host:port,...>', 'brokers to use instead of the local cloud', brokersOf)
    .option('--username <name>', 'SCRAM-SHA-512 user; set the password in BIFOLD_KAFKA_PASSWORD')
    .option('--tls', 'connect to the brokers with TLS')
    .option('--tls-ca <file>', 'trust only the certificate authorities in this PEM file; implies --tls');
}

function brokersOf(text: string): readonly string[] {
  const brokers = text.split(',').map((broker) => broker.trim());
  if (brokers.every((broker) => /^[^\s:]+:\d{1,5}$/.test(broker) || /^\[[0-9a-fA-F:]+\]:\d{1,5}$/.test(broker)))
    return brokers;
  throw new InvalidArgumentError('It must be host:port, or several of them with commas between.');
}

export interface KafkaSession {
  readonly context: Context;
  readonly options: KafkaOptions;
  readonly topics: KafkaTopics;
}

function kafkaOptionsOf({ addresses }: Context, { brokers, username, tls, tlsCa }: KafkaChoice): KafkaOptions {
  const password = process.env.BIFOLD_KAFKA_PASSWORD;
  if (username !== undefined && password === undefined) {
    throw new UsageError('BIFOLD_NO_PASSWORD', {
      failed: `there is no password for user "${username}"`,
      received: 'no variable BIFOLD_KAFKA_PASSWORD',
      allowed: 'the password in the environment, where no list of processes shows it',
      remedy: 'set BIFOLD_KAFKA_PASSWORD, then run the command again',
    });
  }
  return {
    brokers: brokers ?? [addresses.kafka.brokersInternal],
    ...(username === undefined || password === undefined ? {} : { credentials: { username, password } }),
    ...(tlsCa === undefined ? (tls === true ? { tls } : {}) : { tls: { ca: authoritiesOf(tlsCa) } }),
  };
}

function authoritiesOf(file: string): string {
  let received: string;
  try {
    const text = readFileSync(file, 'utf8');
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
    received = 'a file without a certificate';
  } catch (error) {
    received = messageOf(error);
  }
  throw new UsageError('BIFOLD_BAD_CERTIFICATES', {
    failed: `the certificate authorities in ${file} cannot be used`,
    received,
    allowed: 'certificates as PEM, one after the other',
    remedy: 'correct --tls-ca',
  });
}

/**
 * Runs a command on the chosen brokers, and closes the connections. A request that the brokers
 * refuse is a usage error.
 */
export function withKafka<T>(choice: KafkaChoice, work: (session: KafkaSession) => Promise<T>): Promise<T> {
  return withContext(async (context) => {
    const options = kafkaOptionsOf(context, choice);
    // Load it here, so that other commands do not wait for it.
    const { KafkaRefusal, kafkaTopics } = await import('@bifold/adapters/kafka');
    const topics = kafkaTopics(options);
    try {
      return await work({ context, options, topics });
    } catch (error) {
      if (!(error instanceof KafkaRefusal)) throw error;
      throw new UsageError(error.code, error.explanation, { cause: error });
    } finally {
      await topics.close();
    }
  });
}

/**
 * Describes an existing topic.
 * @throws if there is no such topic, with the names of the existing ones
 */
export async function topicNamed(topics: KafkaTopics, name: string): Promise<TopicState> {
  const found = await topics.describe(name);
  if (found !== null) return found;
  throw noTopic(name, await namesOf(topics));
}

export async function namesOf(topics: KafkaTopics): Promise<readonly string[]> {
  return (await topics.list()).filter(({ isInternal }) => !isInternal).map(({ name }) => name);
}

const NAMES_SHOWN = 20;

function noTopic(name: string, names: readonly string[]): CliError {
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : '';
  return new CliError('BIFOLD_NO_TOPIC', {
    failed: `topic "${name}" does not exist`,
    received: 'no topic of that name',
    allowed: names.length === 0 ? 'none yet' : `${names.slice(0, NAMES_SHOWN).join(', ')}${more}`,
    remedy: `correct the name, or create it: npx bifold topic create ${name}`,
  });
}

/** Deployments that read the topic of this id. */
export function readersOf({ paths }: Context, topicId: string): readonly DeploymentRecord[] {
  return readDeployments(paths).filter((record) => reads(record, topicId));
}

/** The deployment whose mapping uses this consumer group. Null if there is none. */
export async function mappingGroupOf({ paths }: Context, group: string): Promise<DeploymentRecord | null> {
  for (const record of readDeployments(paths))
    if ((await groupsOf(record)).some((read) => read.group === group)) return record;
  return null;
}

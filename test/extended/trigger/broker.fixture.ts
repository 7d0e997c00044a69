import { join } from 'node:path';
import { type Cloud, openCloud } from '@bifold/cloud';
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import { type Admin, Kafka, logLevel, type Message, type Producer } from 'kafkajs';
import { until } from '../../integration/local/bifold.ts';
import { RecordingLambda } from './recording-lambda.fixture.ts';
import { TriggerProcess } from './trigger-process.fixture.ts';

const root = join(import.meta.dirname, '../../..');

/** A broker alone, without the other services of a cloud. */
export interface Broker {
  readonly cloud: Cloud;
  /** The address for clients without a password. */
  readonly address: string;
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly producer: Producer;
  /** A new topic, and a Lambda API with one mapping for it: the defaults but for these. */
  given(numPartitions: number, mapping?: object, configs?: readonly TopicConfig[]): Promise<Given>;
  /** Kills the triggers of a test, and ends its Lambda APIs. */
  endTriggers(): Promise<void>;
  close(): Promise<void>;
}

interface TopicConfig {
  readonly name: string;
  readonly value: string;
}

/** A topic of one test, and the Lambda API that receives its records. */
export interface Given {
  readonly topic: string;
  readonly lambda: RecordingLambda;
  /** A mapping of the topic, with the defaults but for these. */
  mapping(changes?: object): object;
  start(...options: readonly string[]): TriggerProcess;
  send(partition: number, messages: readonly Omit<Message, 'partition'>[]): Promise<unknown>;
  /** The committed offsets by partition. */
  committed(): Promise<Record<number, number>>;
  committedIs(expected: Record<number, number>): Promise<unknown>;
  /**
   * Redelivery allowed, holes and reordering not: each batch starts at or below what was delivered
   * so far.
   */
  expectPrefixes(partition: number, from: number, to: number): void;
}

/** A broker of its own for the tests of a file. */
export function brokerWhileTesting(name: string): () => Broker {
  let broker: Broker;
  beforeAll(async () => {
    broker = await openBroker(name);
  });
  afterEach(() => broker?.endTriggers());
  afterAll(() => broker?.close());
  return () => broker;
}

async function openBroker(name: string): Promise<Broker> {
  const cloud = await openCloud({
    root,
    stateDir: join(root, '.bifold', 'test', `trigger-${name}`),
    softwareDir: join(root, '.bifold', 'software'),
    only: ['kafka'],
  });
  await cloud.up();
  const address = cloud.addresses.kafka.brokersInternal;
  const kafka = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING });
  const [admin, producer] = [kafka.admin(), kafka.producer()];
  await Promise.all([admin.connect(), producer.connect()]);
  const topics = `t${Date.now().toString(36)}`;
  let count = 0;
  let lambdas: RecordingLambda[] = [];
  let triggers: TriggerProcess[] = [];
  return {
    cloud,
    address,
    kafka,
    admin,
    producer,
    async given(numPartitions, mapping = {}, configs = []) {
      const topic = `${topics}-${++count}`;
      const configEntries = [...configs];
      await admin.createTopics({ topics: [{ topic, numPartitions, configEntries }], waitForLeaders: true });
      const lambda = await new RecordingLambda().start();
      lambdas.push(lambda);
      const given = givenOn({ address, admin, producer }, topic, lambda, (trigger) => triggers.push(trigger));
      lambda.mappings = [given.mapping(mapping)];
      return given;
    },
    async endTriggers() {
      await Promise.all(triggers.map((trigger) => trigger.end('SIGKILL')));
      await Promise.all(lambdas.map((lambda) => lambda.stop()));
      triggers = [];
      lambdas = [];
    },
    async close() {
      await Promise.allSettled([admin.disconnect(), producer.disconnect()]);
      await cloud.down({ deleteData: true });
    },
  };
}

function givenOn(
  { address, admin, producer }: Pick<Broker, 'address' | 'admin' | 'producer'>,
  topic: string,
  lambda: RecordingLambda,
  onStart: (trigger: TriggerProcess) => void,
): Given {
  const groupId = `group-${topic}`;
  const committed = async (): Promise<Record<number, number>> => {
    // A broker that has just started reads its groups first.
    const [found] = await admin.fetchOffsets({ groupId, topics: [topic] }).catch(() => []);
    return Object.fromEntries((found?.partitions ?? []).map(({ partition, offset }) => [partition, Number(offset)]));
  };
  return {
    topic,
    lambda,
    mapping: (changes = {}) => ({
      UUID: `uuid-${topic}`,
      FunctionArn: 'arn:aws:lambda:eu-central-1:000000000000:function:recorded',
      SelfManagedEventSource: { Endpoints: { KAFKA_BOOTSTRAP_SERVERS: [address] } },
      SelfManagedKafkaEventSourceConfig: { ConsumerGroupId: groupId },
      Topics: [topic],
      StartingPosition: 'TRIM_HORIZON',
      State: 'Enabled',
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 0,
      ...changes,
    }),
    start(...options) {
      const trigger = new TriggerProcess(lambda.endpoint, options);
      onStart(trigger);
      return trigger;
    },
    send: (partition, messages) =>
      producer.send({ topic, messages: messages.map((message) => ({ ...message, partition })) }),
    committed,
    committedIs: (expected) =>
      until(`committed ${JSON.stringify(expected)}`, committed, (seen) =>
        Object.entries(expected).every(([partition, offset]) => seen[Number(partition)] === offset),
      ),
    expectPrefixes(partition, from, to) {
      let next = from;
      for (const { offsets, end } of lambda.attempts(partition)) {
        expect(offsets[0]).toBeLessThanOrEqual(next);
        expect(offsets).toEqual(range(offsets[0] as number, (offsets.at(-1) as number) + 1));
        if (end === 'ok') next = Math.max(next, (offsets.at(-1) as number) + 1);
      }
      expect(next).toBe(to);
    },
  };
}

/** Messages whose keys and values tell their number. */
export const numbered = (from: number, to: number) => range(from, to).map((n) => ({ key: `k${n}`, value: `v${n}` }));

export const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import {
  AdapterError,
  aliasStore,
  type Bucket,
  batchStore,
  bindingStore,
  type CassandraClient,
  connectCassandra,
  createTables,
  cursorKeys,
  kafkaAdmin,
  kafkaLog,
  kafkaLogWriter,
  lookupStore,
  modelPointers,
  modelRegistry,
  operatorStateStore,
  planStore,
  s3Archive,
  s3Bucket,
  s3Publications,
  s3Views,
  speedStore,
  sweepLedger,
} from '@bifold/adapters';
import { type CloudAddresses, openCloud } from '@bifold/cloud';
import type { LogRecord } from '@bifold/core/engine';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ProduceAcks, Producer, stringSerializers } from '@platformatic/kafka';
import { ConfigResourceTypes, Kafka, logLevel } from 'kafkajs';
import { aliasStoreContract, planStoreContract } from '../contract/alias-store.ts';
import { archiveContract } from '../contract/archive-store.ts';
import { batchStoreContract } from '../contract/batch-store.ts';
import { bindingStoreContract, lookupStoreContract, sweepLedgerContract } from '../contract/binding-store.ts';
import { cursorKeysContract } from '../contract/cursor-keys.ts';
import { logContract } from '../contract/log.ts';
import { modelRegistryContract } from '../contract/model-registry.ts';
import { operatorStateStoreContract } from '../contract/operator-state-store.ts';
import { publicationStoreContract } from '../contract/publication-store.ts';
import { freshScope, speedStoreContract } from '../contract/speed-store.ts';
import { sharedBifold } from './local/bifold.ts';

/**
 * The adapters against the real thing: what memory was held to, Cassandra, Kafka and the emulator's
 * S3 must keep, too.
 */

const suffix = randomBytes(4).toString('hex');
const keyspace = `contract_${suffix}`;
const bucketName = `contract-${suffix}`;

let addresses: CloudAddresses;
let cassandra: CassandraClient;
let bucket: Bucket;
let admin: S3Client;

beforeAll(async () => {
  const { stateDir } = await sharedBifold();
  ({ addresses } = await openCloud({ root: join(import.meta.dirname, '../..'), stateDir }));
  cassandra = await connectCassandra({ ...cassandraAddress(), keyspace });
  await createTables(cassandra, 1);
  await createTables(cassandra, 1);
  const s3 = { endpoint: addresses.aws.endpoint, region: addresses.aws.region, credentials: awsCredentials() };
  admin = new S3Client({ ...s3, forcePathStyle: true });
  await admin.send(new CreateBucketCommand({ Bucket: bucketName }));
  bucket = s3Bucket({ ...s3, bucket: bucketName });
});

afterAll(async () => {
  await cassandra?.close();
  bucket?.close();
  admin?.destroy();
});

const cassandraAddress = () => ({
  contactPoints: addresses.cassandra.contactPoints.map((host) =>
    host.includes(':') ? host : `${host}:${addresses.cassandra.port}`,
  ),
  localDataCenter: addresses.cassandra.localDataCenter,
});
const awsCredentials = () => ({
  accessKeyId: addresses.aws.accessKeyId,
  secretAccessKey: addresses.aws.secretAccessKey,
});
const kafkaAddress = () => ({
  brokers: [addresses.kafka.brokersSasl],
  credentials: { username: addresses.kafka.username, password: addresses.kafka.password },
});

speedStoreContract('Cassandra', async (scope, options) => speedStore(cassandra, scope, options));
speedStoreContract('Cassandra in small pages', async (scope, options) =>
  speedStore(cassandra, scope, { ...options, fetchSize: 7 }),
);
operatorStateStoreContract('Cassandra', async (scope) => operatorStateStore(cassandra, scope));
batchStoreContract('Cassandra', async (scope, options) => batchStore(cassandra, scope, options));
bindingStoreContract('Cassandra', async (scope) => bindingStore(cassandra, scope));
sweepLedgerContract('Cassandra', async (scope) => sweepLedger(cassandra, scope));
lookupStoreContract('Cassandra', async () => lookupStore(cassandra));
cursorKeysContract('Cassandra', async () => cursorKeys(cassandra));
aliasStoreContract('Cassandra', async (view) => aliasStore(cassandra, view));
planStoreContract('Cassandra', async () => planStore(cassandra));
archiveContract('S3', async (scope) => ({
  archive: s3Archive(bucket, scope),
  views: s3Views(bucket, scope),
  remove: (key) => bucket.deleteAll(key),
  exists: async (key) => (await bucket.head(key)) !== null,
}));
publicationStoreContract('S3', async (scope) => s3Publications(bucket, scope));
modelRegistryContract('S3 and Cassandra', async () => ({
  registry: modelRegistry(bucket, modelPointers(cassandra)),
  put: (key, localPath) => bucket.put(key, localPath, {}),
}));

logContract('Kafka', async () => {
  const topic = `contract-${suffix}`;
  const admin = kafkaAdmin(kafkaAddress());
  const topicId = await admin.createTopic(topic, 2);
  if (topicId === null) throw new Error('the topic is new');
  const kafka = new Kafka({ brokers: [addresses.kafka.brokersInternal], logLevel: logLevel.NOTHING });
  const producer = kafka.producer();
  const transactional = kafka.producer({ transactionalId: topic, maxInFlightRequests: 1, idempotent: true });
  const operator = kafka.admin();
  await Promise.all([producer.connect(), transactional.connect(), operator.connect()]);
  const log = kafkaLog({ ...kafkaAddress(), topic });
  const compressor = new Producer({
    clientId: 'compressor',
    bootstrapBrokers: [addresses.kafka.brokersInternal],
    serializers: stringSerializers,
  });
  /** The broker's treatment of batches: `producer` keeps their compression. */
  const compressAs = (value: string) =>
    operator.alterConfigs({
      validateOnly: false,
      resources: [
        { type: ConfigResourceTypes.TOPIC, name: topic, configEntries: [{ name: 'compression.type', value }] },
      ],
    });
  const messages = (partition: number, values: readonly string[]) => values.map((value) => ({ partition, value }));
  return {
    log,
    topicId,
    async produce(partition, values) {
      await producer.send({ topic, messages: messages(partition, values) });
    },
    async compressed(partition, values, codec, by) {
      await compressAs(by === 'broker' ? codec : 'producer');
      const batch = values.map((value) => ({ topic, partition, value }));
      const compression = by === 'broker' ? 'none' : codec;
      await compressor.send({ messages: batch, compression, acks: ProduceAcks.ALL });
      await compressAs('producer');
    },
    async transact(partition, values, end) {
      const transaction = await transactional.transaction();
      await transaction.send({ topic, messages: messages(partition, values) });
      await transaction[end]();
    },
    async begin(partition, values) {
      const transaction = await transactional.transaction();
      await transaction.send({ topic, messages: messages(partition, values) });
      return () => transaction.abort();
    },
    async deleteBefore(partition, offset) {
      await operator.fetchTopicOffsets(topic);
      await operator.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] });
    },
    async close() {
      await operator.deleteTopics({ topics: [topic] });
      await Promise.all([
        log.close(),
        admin.close(),
        producer.disconnect(),
        transactional.disconnect(),
        operator.disconnect(),
        compressor.close(),
      ]);
    },
  };
});

describe('Kafka', () => {
  it('appends records as they are, however many and large', async () => {
    const name = `appended-${suffix}`;
    const topicId = await kafkaAdmin(kafkaAddress()).createTopic(name, 3, { 'message.timestamp.type': 'CreateTime' });
    const log = kafkaLog({ ...kafkaAddress(), topic: name, topicId: topicId as string });
    const writer = kafkaLogWriter({ ...kafkaAddress(), topic: name });
    const header = (key: string, value: string | null) => ({ key, value: value === null ? null : Buffer.from(value) });
    const large = Buffer.alloc(300_000, 'x');
    const records = [
      { partition: 2, key: null, value: null, headers: [] },
      { partition: 0, key: Buffer.from('k'), value: Buffer.from(''), headers: [header('a', '1'), header('a', '2')] },
      { partition: 2, key: Buffer.from(''), value: Buffer.from('\u00e9'), headers: [header('n', null)] },
      ...Array.from({ length: 5 }, () => ({ partition: 2, key: null, value: large, headers: [] })),
      ...Array.from({ length: 3_000 }, (_, index) => ({
        partition: 0,
        key: null,
        value: Buffer.from(String(index)),
        headers: [],
      })),
    ].map((record, index) => ({ ...record, timestampMs: 1_700_000_000_000 + index }));
    await writer.append(records);
    await writer.append([]);
    for (const partition of [0, 1, 2]) {
      const own = records.filter((record) => record.partition === partition);
      const { end } = await log.bounds(partition);
      expect(end).toBe(own.length);
      const read: LogRecord[] = [];
      while (read.length < end) read.push(...(await log.read(partition, read.length, end, 10_000_000)).records);
      const shown = ({ key, value, headers, timestampMs }: Omit<LogRecord, 'offset'>) => ({
        key: key && Buffer.from(key).toString(),
        value: value && Buffer.from(value).toString(),
        timestampMs,
        headers: headers.map((one) => [one.key, one.value && Buffer.from(one.value).toString()]),
      });
      expect(read.map(shown)).toEqual(own.map(shown));
    }
    await Promise.all([log.close(), writer.close()]);
  });

  it('reads a batch that decodes to 90 MB in pieces, and says which batch exceeds the bound', async () => {
    const topic = `large-${suffix}`;
    const admin = kafkaAdmin(kafkaAddress());
    await admin.createTopic(topic, 1);
    const producer = new Producer({ clientId: 'large', bootstrapBrokers: [addresses.kafka.brokersInternal] });
    const zeros = Buffer.alloc(1_000_000);
    const messages = Array.from({ length: 90 }, () => ({ topic, partition: 0, value: zeros }));
    await producer.send({ messages, compression: 'gzip', acks: ProduceAcks.ALL });
    const log = kafkaLog({ ...kafkaAddress(), topic });
    const pieces: number[] = [];
    for (let from = 0; from < 90; ) {
      const { records, end } = await log.read(0, from, 90, 1_000_000);
      expect(records.map(({ offset }) => offset)).toEqual(Array.from({ length: end - from }, (_, i) => from + i));
      expect(records.every(({ value }) => value?.length === zeros.length)).toBe(true);
      pieces.push(end - from);
      from = end;
    }
    expect(pieces.length).toBeGreaterThan(4);
    const bounded = kafkaLog({ ...kafkaAddress(), topic, decodedBytesMax: 89_000_000 });
    const error: AdapterError = await bounded.read(0, 40, 90, 1).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'BIFOLD_BATCH_TOO_LARGE' });
    expect(error.message).toContain(`${topic}/0 that begins at offset 0`);
    await Promise.all([log.close(), bounded.close(), admin.close(), producer.close()]);
  });

  it('describes topics, and what groups have committed', async () => {
    const topic = `described-${suffix}`;
    const admin = kafkaAdmin(kafkaAddress());
    const operator = new Kafka({ brokers: [addresses.kafka.brokersInternal], logLevel: logLevel.NOTHING }).admin();
    await operator.connect();
    const id = await admin.createTopic(topic, 3, { 'retention.ms': '86400000', 'cleanup.policy': 'delete' });
    expect(await admin.createTopic(topic, 3)).toBeNull();
    expect(await admin.describeTopic(topic)).toMatchObject({
      id,
      partitions: [0, 1, 2],
      config: { 'retention.ms': '86400000', 'cleanup.policy': 'delete', 'message.timestamp.type': expect.any(String) },
    });
    expect(await admin.describeTopic(`${topic}-nowhere`)).toBeNull();
    await operator.setOffsets({ groupId: topic, topic, partitions: [{ partition: 2, offset: '42' }] });
    expect(await admin.groupOffsets(topic, topic)).toEqual(new Map([[2, 42]]));
    expect(await admin.groupOffsets(`${topic}-nobody`, topic)).toEqual(new Map());
    await operator.deleteTopics({ topics: [topic] });
    await Promise.all([admin.close(), operator.disconnect()]);
  });

  it('reads the topic of one id: not the one that was created anew under its name', async () => {
    const topic = `recreated-${suffix}`;
    const admin = kafkaAdmin(kafkaAddress());
    const kafka = new Kafka({ brokers: [addresses.kafka.brokersInternal], logLevel: logLevel.NOTHING });
    const [operator, producer] = [kafka.admin(), kafka.producer()];
    await Promise.all([operator.connect(), producer.connect()]);
    const log = kafkaLog({ ...kafkaAddress(), topic });
    expect(await log.topicId()).toBeNull();
    const first = await admin.createTopic(topic, 1);
    await producer.send({ topic, messages: [{ value: 'first' }] });
    expect((await log.read(0, 0, 1, 1)).records).toHaveLength(1);
    await operator.deleteTopics({ topics: [topic] });
    const second = await admin.createTopic(topic, 1);
    expect(second).not.toBe(first);
    expect(await log.topicId()).toBe(second);
    await expect(log.read(0, 0, 1, 1)).rejects.toMatchObject({ code: 'BIFOLD_TOPIC_GONE' });
    const bound = kafkaLog({ ...kafkaAddress(), topic, topicId: first as string });
    await expect(bound.bounds(0)).rejects.toMatchObject({ code: 'BIFOLD_TOPIC_GONE' });
    await bound.close();
    await operator.deleteTopics({ topics: [topic] });
    await Promise.all([log.close(), admin.close(), operator.disconnect(), producer.disconnect()]);
  });
});

/**
 * The answer is lost on its way back (`applied`), or the request on its way there (`unsent`): the
 * caller cannot tell which.
 */
const lossy = (loss: 'applied' | 'unsent', times: number) => {
  const error = new AdapterError('BIFOLD_TEST_LOST', { failed: '', received: '', allowed: '', remedy: '' });
  let left = times;
  const lose = async <T>(send: () => Promise<T>): Promise<T | { kind: 'unknown'; error: AdapterError }> => {
    if (left-- <= 0) return send();
    if (loss === 'applied') await send();
    return { kind: 'unknown', error };
  };
  return {
    cassandra: {
      ...cassandra,
      executeConditional: (statement) => lose(() => cassandra.executeConditional(statement)),
      executeConditionalBatch: (statements) => lose(() => cassandra.executeConditionalBatch(statements)),
    } satisfies CassandraClient as CassandraClient,
    bucket: { ...bucket, create: (...request) => lose(() => bucket.create(...request)) } satisfies Bucket as Bucket,
  };
};

describe.each([
  ['applied', 1],
  ['applied', 2],
  ['unsent', 1],
  ['unsent', 2],
] as const)('a decision whose answer is lost (%s, %i times)', (loss, times) => {
  const run = (name: string) => ({ run: name, runGeneration: 1, cuts: {}, lost: {}, publishedAtMs: 1 });
  const nothing = { generation: 0, current: null, previous: null };

  it('publishes once, and knows whose it is', async () => {
    const scope = freshScope();
    const ours = batchStore(lossy(loss, times).cassandra, scope, { buckets: 1 });
    const first = { generation: 1, current: run('ours'), previous: null };
    expect(await ours.publish(nothing, first)).toBe(true);
    const others = batchStore(cassandra, scope, { buckets: 1 });
    expect(await others.publish(nothing, { ...first, current: run('theirs') })).toBe(false);
    const second = { generation: 2, current: run('next'), previous: first.current };
    expect(await batchStore(lossy(loss, times).cassandra, scope, { buckets: 1 }).publish(first, second)).toBe(true);
    const late = batchStore(lossy(loss, times).cassandra, scope, { buckets: 1 });
    expect(await late.publish(first, { ...second, current: run('late') })).toBe(false);
    expect(await others.readPointer('serial')).toEqual(second);
  });

  it('binds once', async () => {
    const scope = freshScope();
    const open = () => bindingStore(lossy(loss, times).cassandra, scope);
    const wanted = (version: string) => [{ segment: 0, name: 'planes', version }];
    expect(await open().bind(0, wanted('ours'))).toEqual(['ours']);
    expect(await open().bind(0, wanted('theirs'))).toEqual(['ours']);
  });

  it('appends to the archive once', async () => {
    const scope = freshScope();
    const file = { partition: 0, start: 0, end: 9, lost: false };
    const here = import.meta.filename;
    expect(await s3Archive(lossy(loss, times).bucket, scope).append(file, here)).toBe(true);
    expect(await s3Archive(lossy(loss, times).bucket, scope).append({ ...file, end: 5 }, here)).toBe(false);
    expect(await s3Archive(bucket, scope).frontier(0)).toBe(9);
  });
});

describe('errors', () => {
  it('say which service is away, and keep the cause', async () => {
    const nobody = ['127.0.0.1:1'];
    const failures = await Promise.all([
      connectCassandra({ contactPoints: nobody, keyspace }).catch((error: unknown) => error),
      kafkaLog({ brokers: nobody, topic: 'x', retryTimeoutMs: 100 })
        .topicId()
        .catch((error: unknown) => error),
      s3Bucket({ bucket: 'x', endpoint: 'http://127.0.0.1:1', region: 'x', credentials: awsCredentials() })
        .list('')
        .catch((error: unknown) => error),
      kafkaLog({ ...kafkaAddress(), credentials: { username: 'nobody', password: 'x' }, topic: 'x' })
        .topicId()
        .catch((error: unknown) => error),
      speedStore(
        { ...cassandra, table: () => 'nowhere.fragments' },
        { version: 'v', topicId: crypto.randomUUID() },
        { buckets: 1, segmentSize: 1 },
      )
        .partitions()
        .catch((error: unknown) => error),
    ]);
    for (const failure of failures) expect(failure).toBeInstanceOf(AdapterError);
    expect(failures.map((failure) => (failure as AdapterError).code)).toEqual([
      'BIFOLD_CASSANDRA_AWAY',
      'BIFOLD_KAFKA_AWAY',
      'BIFOLD_S3_AWAY',
      'BIFOLD_KAFKA_REFUSED',
      'BIFOLD_CASSANDRA_TABLES_MISSING',
    ]);
    for (const failure of failures) expect((failure as AdapterError).cause).toBeDefined();
  });
});

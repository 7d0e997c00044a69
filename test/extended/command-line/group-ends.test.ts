/** The ends of logs that `consume --until end` reads to, on a real Kafka. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Admin, Kafka, logLevel, Partitioners, type Producer } from 'kafkajs';
import { type Bifold, deleteCloud } from '../../integration/local/bifold.ts';
import { brokerWithFolder } from '../../integration/local/cloud-folder.ts';

let bifold: Bifold;
let kafka: Kafka;
let admin: Admin;

beforeAll(async () => {
  const { bifold: opened, addresses } = await brokerWithFolder('group-ends');
  bifold = opened;
  kafka = new Kafka({ brokers: [addresses.kafka.brokersInternal], logLevel: logLevel.NOTHING });
  admin = kafka.admin();
  await admin.connect();
});

afterAll(async () => {
  await admin.disconnect();
  await deleteCloud(bifold);
});

async function createdTopic(topic: string, numPartitions: number): Promise<string> {
  await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: true });
  return topic;
}

type Outcome = 'commit' | 'abort';

async function withProducer(id: string, work: (producer: Producer) => Promise<void>): Promise<void> {
  const producer = kafka.producer({
    transactionalId: id,
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  try {
    await work(producer);
  } finally {
    await producer.disconnect();
  }
}

/** Sends values to a partition in one transaction. */
const transaction = (topic: string, partition: number, values: readonly string[], outcome: Outcome) =>
  withProducer(`${topic}-${partition}`, async (producer) => {
    const open = await producer.transaction();
    if (values.length > 0) await open.send({ topic, messages: values.map((value) => ({ partition, value })) });
    await open[outcome]();
  });

const textsOf = (stdout: string): readonly string[] => stdout.split('\n').filter((line) => line !== '');

/** The texts that a group reads to the end. */
const readBy = async (group: string, topic: string, ...options: string[]): Promise<readonly string[]> =>
  textsOf(await bifold.done('consume', topic, '--group', group, '--until', 'end', ...options));

/** The committed offsets of a group, in the order of partitions. -1 if there is none. */
async function committedBy(groupId: string, topic: string): Promise<readonly number[]> {
  const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] });
  return (offsets?.partitions ?? [])
    .sort((left, right) => left.partition - right.partition)
    .map(({ offset }) => Number(offset));
}

describe('a group that reads until the end', () => {
  it('ends where the last records are of an aborted transaction, and commits that end', async () => {
    const topic = await createdTopic('aborted', 1);
    await transaction(topic, 0, ['a', 'b'], 'commit');
    await transaction(topic, 0, ['x', 'y'], 'abort');
    expect(await readBy('first', topic)).toEqual(['a', 'b']);
    // Two records and their marker, twice.
    expect(await committedBy('first', topic)).toEqual([6]);
    expect(await readBy('first', topic)).toEqual([]);
    await transaction(topic, 0, ['c'], 'commit');
    expect(await readBy('first', topic)).toEqual(['c']);
  });

  it('ends where the topic holds nothing else than aborted records', async () => {
    const topic = await createdTopic('only-aborted', 1);
    await transaction(topic, 0, ['x'], 'abort');
    expect(await readBy('second', topic)).toEqual([]);
    expect(await committedBy('second', topic)).toEqual([2]);
  });

  it('ends each partition at its own end: a marker, aborted records, none at all', async () => {
    const topic = await createdTopic('mixed', 4);
    await transaction(topic, 0, ['a'], 'commit');
    await transaction(topic, 1, ['b'], 'commit');
    await transaction(topic, 1, ['x'], 'abort');
    await transaction(topic, 3, ['y', 'z'], 'abort');
    expect([...(await readBy('third', topic))].sort()).toEqual(['a', 'b']);
    expect(await committedBy('third', topic)).toEqual([2, 4, 0, 3]);
  });

  it('ends below an open transaction, and reads its records after it is committed', async () => {
    const topic = await createdTopic('open', 1);
    await transaction(topic, 0, ['a'], 'commit');
    await withProducer('open-later', async (producer) => {
      const open = await producer.transaction();
      await open.send({ topic, messages: [{ partition: 0, value: 'later' }] });
      expect(await readBy('fourth', topic)).toEqual(['a']);
      expect(await committedBy('fourth', topic)).toEqual([2]);
      await open.commit();
    });
    expect(await readBy('fourth', topic)).toEqual(['later']);
  });

  it('ends in an empty topic, and goes on from there', async () => {
    const topic = await createdTopic('empty', 2);
    expect(await readBy('fifth', topic)).toEqual([]);
    expect(await committedBy('fifth', topic)).toEqual([0, 0]);
    await transaction(topic, 1, ['a'], 'commit');
    expect(await readBy('fifth', topic, '--from', 'latest')).toEqual(['a']);
  });

  it('begins at the end where it is told to, and commits that place', async () => {
    const topic = await createdTopic('skipped', 1);
    await transaction(topic, 0, ['a'], 'commit');
    expect(await readBy('sixth', topic, '--from', 'latest')).toEqual([]);
    await transaction(topic, 0, ['b'], 'commit');
    expect(await readBy('sixth', topic)).toEqual(['b']);
  });
});

describe('a reader without a group', () => {
  it('ends at the same ends', async () => {
    const topic = await createdTopic('alone', 3);
    await transaction(topic, 0, ['a'], 'commit');
    await transaction(topic, 0, ['x'], 'abort');
    await transaction(topic, 1, ['y'], 'abort');
    expect(textsOf(await bifold.done('consume', topic, '--until', 'end'))).toEqual(['a']);
  });
});

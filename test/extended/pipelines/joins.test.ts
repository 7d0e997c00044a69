/** A pipeline over two topics: departures beside the weather of their hour. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { relayGroupId } from '@bifold/cdk/deployment';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import { type Bifold, deleteCloud, until } from '../../integration/local/bifold.ts';
import { cloudWithFolder } from '../../integration/local/cloud-folder.ts';

const PIPELINE = 'weather-delays';
const PARTITIONS = 2;
const HOUR_MS = 3_600_000;
const ORIGINS = ['EWR', 'JFK', 'LGA'];
const isoAt = (hours: number): string => new Date(Date.UTC(2013, 0, 1) + hours * HOUR_MS).toISOString();
const flights = Array.from({ length: 900 }, (_, index) => ({
  at: isoAt(index / 20),
  carrier: `C${index % 7}`,
  flight: index,
  tailnum: null,
  origin: ORIGINS[index % 3] as string,
  dest: 'IAH',
  dep_time: 517,
  dep_delay: (index % 40) - 10,
}));
const hours = Array.from({ length: 40 * 3 }, (_, index) => ({
  at: isoAt(Math.floor(index / 3)),
  origin: ORIGINS[index % 3] as string,
  wind_mph: index % 30,
  rain_inches: 0.5,
  visibility_miles: index % 11,
}));
const NO_RECORD = '{"at": "never", "origin": "EWR", "carrier": "UA"}';

interface Deployed {
  readonly topic: string;
  readonly topicId: string;
  /** By the topic that is relayed, its id. */
  readonly relayed: Readonly<Record<string, string>>;
}

let bifold: Bifold;
let folder: string;
let kafka: Kafka;
let deployed: Deployed;

beforeAll(async () => {
  const opened = await cloudWithFolder('joins');
  ({ bifold, folder } = opened);
  kafka = new Kafka({ brokers: [opened.addresses.kafka.brokersInternal], logLevel: logLevel.NOTHING });
  const partitions = ['--topic-partitions', String(PARTITIONS)];
  [deployed] = await bifold.json<readonly [Deployed]>('deploy', PIPELINE, ...partitions);
});
afterAll(() => deleteCloud(bifold));

/** Writes records to a file, and one more that cannot be folded. */
function fileOf(topic: string, records: readonly object[]): string {
  const file = join(folder, `${topic}.jsonl`);
  writeFileSync(file, [...records.map((record) => JSON.stringify(record)), NO_RECORD].join('\n'));
  return file;
}

async function send(topic: string, key: string, records: readonly object[]): Promise<void> {
  const file = fileOf(topic, records);
  expect(await bifold.json('produce', topic, '--file', file, '--key', key)).toMatchObject({ sent: records.length + 1 });
}

/** The flights of each key that have the weather of their hour, sorted. */
function expectedCounts(): readonly string[] {
  const pairs = new Map<string, number>();
  for (const { at, origin } of flights) {
    const hour = hours.find((one) => one.origin === origin && one.at.slice(0, 13) === at.slice(0, 13));
    if (hour === undefined) continue;
    const key = JSON.stringify({ origin, bad: hour.visibility_miles < 3 || hour.wind_mph >= 20 });
    pairs.set(key, (pairs.get(key) ?? 0) + 1);
  }
  return Array.from(pairs, ([key, flown]) => `[${key},${flown}]`).sort();
}

async function answer() {
  await bifold.json('wait', PIPELINE);
  const { rows, receipt } = await bifold.json<{
    readonly rows: readonly { readonly key: object; readonly values: { readonly flights: number } }[];
    readonly receipt: { readonly quarantined: { readonly reasons: object } };
  }>('query', PIPELINE, '--total');
  const counted = rows.map(({ key, values }) => JSON.stringify([key, values.flights])).sort();
  return { counted, quarantined: receipt.quarantined.reasons };
}

async function publish(): Promise<void> {
  await bifold.json('archive', PIPELINE);
  await bifold.json('recompute', PIPELINE);
}

/** The number of records in the topic of the join. */
async function joinedRecords(): Promise<number> {
  const { pipelines } = await bifold.status();
  const ends = pipelines.find(({ pipeline }) => pipeline === PIPELINE)?.ends ?? {};
  return Object.values(ends).reduce((sum, end) => sum + end, 0);
}

/** Kills the trigger, and sets the groups of the relay to the start of their topics. */
async function resetRelay(): Promise<void> {
  const trigger = (await bifold.status()).services.find(({ name }) => name === 'trigger');
  process.kill(trigger?.pid as number, 'SIGKILL');
  const admin = kafka.admin();
  await admin.connect();
  for (const [source, id] of Object.entries(deployed.relayed)) {
    const groupId = relayGroupId(deployed.topic, deployed.topicId, id);
    // A group can be set when it has no members.
    await until(
      'an empty group',
      () => admin.describeGroups([groupId]),
      ({ groups }) => groups[0]?.state === 'Empty',
    );
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ partition, offset: '0' }));
    await admin.setOffsets({ groupId, topic: source, partitions });
  }
  await admin.disconnect();
  await bifold.done('up');
}

describe('a pipeline that joins two topics', () => {
  it('protects its sources, its own topic and the groups of its relay', async () => {
    const { topic, topicId, relayed } = deployed;
    const settings = await bifold.json<{ configs: { name: string; value: string }[]; readBy: string[] }>(
      ...['topic', 'describe', topic, '--all-configs'],
    );
    expect(settings.readBy).toEqual([PIPELINE]);
    const recordBytesMax = settings.configs.find(({ name }) => name === 'max.message.bytes')?.value;
    expect(Number(recordBytesMax)).toBe(1_048_588 + 4_096);
    const file = fileOf('refused', flights);
    for (const command of [
      ['topic', 'delete', 'weather'],
      ['topic', 'alter', 'weather', '--config', 'max.message.bytes=9000000'],
      ['groups', 'delete', relayGroupId(topic, topicId, relayed.weather as string)],
      ['produce', PIPELINE, '--file', file],
      ['produce', topic, '--file', file],
    ]) {
      const { status, stderr } = await bifold.run(...command);
      expect([status, stderr]).toEqual([2, expect.stringContaining(PIPELINE)]);
    }
  });

  it('joins two topics, and counts once what the relay brings twice', async () => {
    await send('departures', 'carrier', flights);
    await send('weather', 'origin', hours);
    const expected = { counted: expectedCounts(), quarantined: { invalid: 2 } };
    expect(expected.counted).toHaveLength(6);
    expect(await answer()).toEqual(expected);
    await publish();

    const before = await joinedRecords();
    await resetRelay();
    expect(await answer()).toEqual(expected);
    expect(await joinedRecords()).toBe(2 * before);
    await publish();
    expect(await answer()).toEqual(expected);
    expect(await bifold.json('verify', PIPELINE, '--against', 'both')).toMatchObject({ equal: true });
  });

  it('leaves nothing deployed when it is destroyed', async () => {
    expect(await bifold.json('destroy', PIPELINE)).toEqual({ destroyed: [PIPELINE] });
    expect((await bifold.status()).pipelines).toEqual([]);
  });
});

/** The keys of records that are sent to a topic of a definition, on a real Kafka. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Bifold, deleteCloud } from '../../integration/local/bifold.ts';
import { brokerWithFolder } from '../../integration/local/cloud-folder.ts';

let bifold: Bifold;
let folder: string;

beforeAll(async () => {
  ({ bifold, folder } = await brokerWithFolder('topic-keys'));
});

afterAll(() => deleteCloud(bifold));

const ORIGINS = ['EWR', 'JFK', 'LGA'];

const weatherOf = (index: number) => ({
  at: `2013-01-01T${String(index % 24).padStart(2, '0')}:00:00Z`,
  origin: ORIGINS[index % ORIGINS.length],
});

interface Record {
  readonly partition: number;
  readonly key: string | null;
  readonly value: { readonly origin: string };
}

const consumed = (topic: string): Promise<readonly Record[]> => bifold.consumed(topic);

it('the records of a topic that only a relay reads have the key of its definition', async () => {
  const file = join(folder, 'weather.jsonl');
  writeFileSync(file, Array.from({ length: 30 }, (_, index) => `${JSON.stringify(weatherOf(index))}\n`).join(''));
  await bifold.done('topic', 'create', 'weather', '--partitions', '4');
  await bifold.done('produce', 'weather', '--file', file);
  const records = await consumed('weather');
  expect(records).toHaveLength(30);
  expect(records.every(({ key, value }) => key === value.origin)).toBe(true);
  const partitionsOf = Map.groupBy(records, ({ key }) => key);
  for (const same of partitionsOf.values()) expect(new Set(same.map(({ partition }) => partition)).size).toBe(1);
});

it('another key of such a topic is told', async () => {
  const { status, stderr } = await bifold.feed(
    `${JSON.stringify(weatherOf(0))}\n`,
    'produce',
    'weather',
    '--key',
    'at',
  );
  expect([status, stderr]).toEqual([0, expect.stringContaining('partitions topic "weather" by "origin"')]);
});

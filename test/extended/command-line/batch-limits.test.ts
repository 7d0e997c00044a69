/** Records and topics whose sizes are at a limit, on a real Kafka. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kafkaLogWriter } from '@bifold/adapters';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Bifold, deleteCloud } from '../../integration/local/bifold.ts';
import { brokerWithFolder } from '../../integration/local/cloud-folder.ts';

const BATCH_HEADER_BYTES = 61;
/** The fields of a record that are not its value, for values from 64 to 8,191 bytes. */
const RECORD_FIELDS_BYTES = 9;

let bifold: Bifold;
let folder: string;
let brokers: readonly string[];

beforeAll(async () => {
  const opened = await brokerWithFolder('batch-limits');
  ({ bifold, folder } = opened);
  brokers = [opened.addresses.kafka.brokersInternal];
});

afterAll(() => deleteCloud(bifold));

interface Record {
  readonly offset: number;
  readonly value?: unknown;
}

const consumed = (topic: string): Promise<readonly Record[]> => bifold.consumed(topic);

async function topicOf(name: string, maxMessageBytes: number, ...config: string[]): Promise<string> {
  const configs = [`max.message.bytes=${maxMessageBytes}`, ...config].flatMap((entry) => ['--config', entry]);
  await bifold.done('topic', 'create', name, '--partitions', '1', ...configs);
  return name;
}

function fileOf(name: string, values: readonly unknown[]): string {
  const path = join(folder, name);
  writeFileSync(path, values.map((value) => `${JSON.stringify(value)}\n`).join(''));
  return path;
}

/** A text whose JSON has this size. */
const jsonTextOf = (bytes: number): string => 'x'.repeat(bytes - 2);
const FIVE = [0, 1, 2, 3, 4].map((digit) => ({ n: String(digit).repeat(392) }));

describe('records that are together larger than a batch of the topic', () => {
  it.each([
    ['at once', []],
    ['exactly once', ['--resumable']],
  ])('are sent in batches that fit: %s', async (how, options) => {
    const topic = await topicOf(`small-${how.replace(' ', '-')}`, 1000);
    const { sent } = await bifold.json<{ sent: number }>(
      'produce',
      topic,
      '--file',
      fileOf('small400.jsonl', FIVE),
      ...options,
    );
    expect(sent).toBe(5);
    expect((await consumed(topic)).map(({ value }) => value)).toEqual(FIVE);
  });

  it.each(['gzip', 'zstd'])('are sent where the broker compresses them with %s', async (codec) => {
    const topic = await topicOf(`small-${codec}`, 1000, `compression.type=${codec}`);
    await bifold.done('produce', topic, '--file', fileOf('small400.jsonl', FIVE));
    expect((await consumed(topic)).map(({ value }) => value)).toEqual(FIVE);
  });
});

it('the rows of a stream are written in batches that fit, and one that is too large is set aside', async () => {
  const topic = await topicOf('sunk', 1000);
  const source = join(folder, 'rows');
  mkdirSync(source);
  const rows = [...FIVE.slice(0, 2), { n: 'x'.repeat(2000) }, ...FIVE.slice(2)];
  writeFileSync(join(source, 'rows.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const stream = join(folder, 'sunk.ts');
  writeFileSync(
    stream,
    `import { availableNow, defineStream, files, kafka } from '@bifold/streams';
import * as z from 'zod';
export default defineStream({
  name: 'sunk',
  from: files({ path: '${source}', format: 'json', schema: z.object({ n: z.string() }) }),
  trigger: availableNow(),
  sinks: [kafka({ topic: '${topic}' })],
});
`,
  );
  await bifold.done('run', stream);
  expect((await consumed(topic)).map(({ value }) => value)).toEqual(FIVE);
  expect((await bifold.json<{ quarantined: unknown }>('checkpoint', 'show', 'sunk')).quarantined).toEqual([
    expect.objectContaining({
      reason: 'bad-message',
      detail: expect.stringContaining('topic "sunk" takes 1000 at most'),
      where: expect.stringContaining('rows.jsonl:3'),
    }),
  ]);
});

it('the copies of a relay are appended in batches that fit, too', async () => {
  const topic = await topicOf('relayed', 1000);
  const writer = kafkaLogWriter({ brokers, topic });
  const records = Array.from({ length: 20 }, (_, n) => ({
    partition: 0,
    timestampMs: n,
    key: null,
    value: Buffer.from(JSON.stringify({ n: String(n).padStart(392, '0') })),
    headers: [],
  }));
  await writer.append(records);
  await writer.close();
  expect((await consumed(topic)).map(({ value }) => (value as { n: string }).n)).toEqual(
    records.map((_, n) => String(n).padStart(392, '0')),
  );
});

describe('a record that is too large by itself', () => {
  it('is sent up to the last byte of the limit, and refused above it, before anything is sent', async () => {
    const topic = await topicOf('exact', 1000);
    const largest = 1000 - BATCH_HEADER_BYTES - RECORD_FIELDS_BYTES;
    await bifold.done('produce', topic, '--file', fileOf('fits.jsonl', [jsonTextOf(largest)]));
    const file = fileOf('above.jsonl', [{ n: 1 }, jsonTextOf(largest + 1)]);
    for (const options of [[], ['--resumable']]) {
      const { status, stderr } = await bifold.run('produce', topic, '--file', file, ...options);
      expect([status, stderr]).toEqual([2, expect.stringContaining(`line 2 of ${file} is too large`)]);
      expect(stderr).toMatch(/1001 bytes[\s\S]*1000 bytes at most[\s\S]*nothing was sent/);
      expect(stderr).not.toContain('bifold up');
    }
    expect((await consumed(topic)).map(({ value }) => value)).toEqual([jsonTextOf(largest)]);
  });

  it('is named by its line when it comes from standard input, after the lines before it', async () => {
    const topic = await topicOf('typed', 1000);
    const { status, stderr } = await bifold.feed(`{"n":1}\n"${jsonTextOf(2000)}"\n`, 'produce', topic);
    expect([status, stderr]).toEqual([2, expect.stringContaining('line 2 of standard input is too large')]);
    expect((await consumed(topic)).map(({ value }) => value)).toEqual([{ n: 1 }]);
  });

  it('is refused by the limit of a topic that is created for it', async () => {
    const file = fileOf('large.jsonl', [{ n: 1 }, jsonTextOf(5_000_000)]);
    const { status, stderr } = await bifold.run('produce', 'fresh', '--create', '--file', file);
    expect([status, stderr]).toEqual([2, expect.stringContaining(`line 2 of ${file} is too large for topic "fresh"`)]);
    expect(await consumed('fresh')).toEqual([]);
  });

  it('is sent where the topic takes it: a field of 5 MB', async () => {
    const topic = await topicOf('wide', 6_000_000);
    await bifold.done('produce', topic, '--file', fileOf('wide.jsonl', [jsonTextOf(5_000_000)]));
    expect((await consumed(topic)).map(({ value }) => value)).toEqual([jsonTextOf(5_000_000)]);
  });
});

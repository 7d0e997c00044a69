import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import { type Bifold, bifoldIn, deleteCloud } from '../../integration/local/bifold.ts';

/**
 * Records that should not be, each beside a good one: every one of them is counted or set aside
 * with its position and reason, and nothing else suffers.
 */

const good = (over: Record<string, unknown> = {}): Record<string, unknown> => ({
  at: '2013-05-01T10:15:00Z',
  carrier: 'UA',
  flight: 1,
  tailnum: 'N1',
  origin: 'EWR',
  dest: 'SFO',
  dep_time: 615,
  dep_delay: 10,
  ...over,
});

const huge = 'x'.repeat(900_000);
const { at: _at, ...timeless } = good();

/** Value, and the reason it is set aside for; null for those that count. */
const RECORDS: readonly (readonly [name: string, value: string | null, reason: string | null])[] = [
  ['malformed JSON', '{"at": "2013-05-01T10:', 'not-json'],
  ['a wrong type', JSON.stringify(good({ dep_delay: 'late' })), 'invalid'],
  ['a missing event time', JSON.stringify(timeless), 'invalid'],
  ['a null value', null, 'tombstone'],
  ['a huge record that counts', JSON.stringify(good({ note: huge })), null],
  ['a huge record that is no JSON', `{${huge}`, 'not-json'],
  ['an unknown carrier', JSON.stringify(good({ carrier: 'ZZ' })), null],
  ['a negative delay', JSON.stringify(good({ dep_delay: -25 })), null],
  ['an event from 1970', JSON.stringify(good({ at: '1970-01-01T00:00:00Z' })), null],
  ['an event from 2099', JSON.stringify(good({ at: '2099-12-31T23:59:59Z' })), null],
  ['sent twice', JSON.stringify(good({ flight: 2 })), null],
  ['sent twice', JSON.stringify(good({ flight: 2 })), null],
];

interface Row {
  readonly key: { readonly carrier: string; readonly origin: string };
  readonly window: { readonly start: string };
  readonly values: Record<string, number | null>;
}

interface Quarantined {
  readonly partition: number;
  readonly offset: number;
  readonly reason: string;
  readonly payload: string | null;
  readonly payloadSizeBytes: number;
  readonly payloadSha256: string;
}

let bifold: Bifold;
let kafka: Kafka;
const sentTo: { partition: number; offset: number }[] = [];

beforeAll(async () => {
  bifold = bifoldIn('bad-input');
  for (const args of [['up'], ['deploy', 'delays']]) {
    const { status, stderr } = await bifold.run(...args);
    if (status !== 0) throw new Error(stderr);
  }
  await loadLookups();
  const { kafkaInternal } = JSON.parse(readFileSync(join(bifold.stateDir, 'ports.json'), 'utf8')) as {
    kafkaInternal: number;
  };
  kafka = new Kafka({ brokers: [`127.0.0.1:${kafkaInternal}`], logLevel: logLevel.NOTHING });
  const producer = kafka.producer();
  await producer.connect();
  for (const [, value] of RECORDS) {
    // One by one, so that each record's place is known; a good one follows each.
    const [written] = await producer.send({
      topic: 'departures',
      messages: [
        { key: 'UA', value },
        { key: 'UA', value: JSON.stringify(good()) },
      ],
    });
    sentTo.push({ partition: written?.partition ?? -1, offset: Number(written?.baseOffset) });
  }
  await producer.disconnect();
  await bifold.waitForLag('delays', 0);
});

afterAll(() => deleteCloud(bifold));

async function loadLookups(): Promise<void> {
  for (const [table, rows] of [
    ['airlines', '{"carrier":"UA","name":"United"}\n'],
    ['planes', '{"tailnum":"N1","seats":100,"manufacturer":null}\n'],
  ] as const) {
    const file = join(bifold.stateDir, `${table}.jsonl`);
    writeFileSync(file, rows);
    const { status, stderr } = await bifold.run('lookup', 'load', table, '--file', file);
    if (status !== 0) throw new Error(stderr);
  }
}

const setAside = RECORDS.filter(([, , reason]) => reason !== null);
const counted = RECORDS.filter(([, , reason]) => reason === null);

describe('bad input', () => {
  it('is a lookup file whose header lacks a column: its rows would be null there for good', async () => {
    const file = join(bifold.stateDir, 'planes.csv');
    writeFileSync(file, 'tailnum,seats,maker\nN1,100,x\n');
    const { status, stderr } = await bifold.run('lookup', 'load', 'planes', '--file', file);
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/lacks columns .*manufacturer.*tailnum, seats, maker/s),
    ]);
  });

  it('is set aside with its position and reason, and no more of it than 8 KiB', async () => {
    const listed = await bifold.json<Quarantined[]>('quarantine', 'list', 'delays');
    const expected = RECORDS.flatMap(([, , reason], index) => (reason === null ? [] : [{ ...sentTo[index], reason }]));
    const order = (left: { offset?: number }, right: { offset?: number }) => (left.offset ?? 0) - (right.offset ?? 0);
    expect(listed.map(({ partition, offset, reason }) => ({ partition, offset, reason })).sort(order)).toEqual(
      expected.sort(order),
    );
    const index = RECORDS.findIndex(([name]) => name === 'a huge record that is no JSON');
    const value = RECORDS[index]?.[1] ?? '';
    const place = sentTo[index];
    const [shown] = await bifold.json<Quarantined[]>(
      'quarantine',
      'show',
      'delays',
      `${place?.partition}/${place?.offset}`,
    );
    expect(shown).toMatchObject({
      payloadSizeBytes: value.length,
      payload: value.slice(0, 8192),
      payloadSha256: createHash('sha256').update(value).digest('hex'),
    });
  });

  it('takes nothing from the good records beside it', async () => {
    const { rows } = await bifold.json<{ rows: Row[] }>('query', 'delays', '--window', 'daily', '--all');
    const flights = rows.reduce((sum, { values }) => sum + (values.flights ?? 0), 0);
    expect(flights).toBe(RECORDS.length + counted.length);
    expect(
      rows.filter(({ key }) => key.carrier === 'ZZ').map(({ values }) => [values.flights, values.unlisted]),
    ).toEqual([[1, 1]]);
    expect(rows.map(({ window }) => window.start.slice(0, 10))).toEqual(
      expect.arrayContaining(['1970-01-01', '2013-05-01', '2099-12-31']),
    );
    const may = rows.find(({ key, window }) => key.carrier === 'UA' && window.start.startsWith('2013-05-01'));
    // A good one beside each of the twelve; of those that count: the huge one, the negative delay,
    // the two that are the same.
    expect(may?.values).toMatchObject({
      flights: 12 + 4,
      totalDelay: 12 * 10 + 10 - 25 + 10 + 10,
      maxDelay: 10,
      seats: 16 * 100,
    });
  });

  it('is counted in the status and in the receipt, by speed and by batch alike', async () => {
    const reasons = { 'not-json': 2, invalid: 2, tombstone: 1 };
    const receiptOf = async () =>
      (
        await bifold.json<{ receipt: { quarantined: { reasons: object } } }>(
          'query',
          'delays',
          '--window',
          'daily',
          '--limit',
          '1',
        )
      ).receipt;
    expect((await receiptOf()).quarantined.reasons).toEqual(reasons);
    expect((await bifold.status()).pipelines[0]?.quarantined).toEqual(reasons);
    expect(setAside).toHaveLength(5);
    expect(await bifold.json('verify', 'delays')).toMatchObject({ equal: true, records: 2 * RECORDS.length });
  });

  it('is told of a retention that takes records before the archive does', async () => {
    const admin = kafka.admin();
    await admin.connect();
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: 2, name: 'departures', configEntries: [{ name: 'retention.ms', value: '600000' }] }],
    });
    await admin.disconnect();
    const { pipelines } = await bifold.status();
    expect(pipelines[0]?.warnings.join('\n')).toMatch(/keeps records for 10 min only/);
  });
});

describe('what is away', () => {
  it('is named, and what was sent meanwhile is folded when it is back', async () => {
    const { services } = await bifold.status();
    const cassandra = services.find(({ name }) => name === 'cassandra');
    process.kill(cassandra?.pid ?? -1, 'SIGKILL');
    expect((await bifold.feed(`${JSON.stringify(good({ flight: 3 }))}\n`, 'produce', 'delays')).status).toBe(0);
    const down = await bifold.status();
    expect(down.services.filter(({ state }) => state !== 'up').map(({ name }) => name)).toEqual(['cassandra']);
    expect(down.pipelines[0]?.unknown.join('\n')).toMatch(/cassandra is away/);
    expect((await bifold.run('verify', 'delays')).status).toBe(3);
    expect((await bifold.run('up')).status).toBe(0);
    await bifold.waitForLag('delays', 0);
    expect(await bifold.json('verify', 'delays')).toMatchObject({ equal: true, records: 2 * RECORDS.length + 1 });
  });
});

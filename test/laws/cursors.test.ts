import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calendar, count, definePipeline, running, session, sliding, sum, topic, tumbling } from '@bifold/core';
import { type Answer, type Cursor, cursorText } from '@bifold/core/engine';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { MemoryDeployment } from './memory-deployment.ts';

const PARTITIONS = 2;
const CODE = /^BIFOLD_[A-Z_]+$/;
const DAY_MS = 24 * 60 * 60 * 1000;

const Ride = z.object({ at: z.int(), city: z.string(), fare: z.int() });
const rides = definePipeline({
  name: 'rides',
  from: topic('rides', { schema: Ride, schemaVersion: 1, partitionBy: 'city', eventTime: { field: 'at', unit: 'ms' } }),
  groupBy: ['city'],
  windows: {
    minutes: tumbling('1m'),
    hourly: tumbling('1h'),
    slides: sliding('5m', '1m'),
    rests: session('30s'),
    days: calendar('day', { zone: 'Europe/Berlin' }),
    ever: running(),
  },
  aggregates: { n: count(), fares: sum('fare') },
  storage: { segmentSize: 16 },
});

interface Response {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}
type Parameters = Readonly<Record<string, unknown>>;

let scratchFolder: string;
let deployment: MemoryDeployment;
/** The question of the pages below, which have three rows each. */
const query = { window: 'minutes', limit: 3 };

const ask = async (parameters: Parameters | string): Promise<Response> => {
  const body = typeof parameters === 'string' ? parameters : JSON.stringify(parameters);
  const { statusCode, body: text } = await deployment.request({ body });
  return { status: statusCode ?? 0, body: JSON.parse(text ?? 'null') };
};
const pageOf = async (parameters: Parameters): Promise<Answer> => {
  const { status, body } = await ask(parameters);
  expect({ status, code: body.code }).toEqual({ status: 200, code: undefined });
  return body as unknown as Answer;
};
const cursorOf = (sealed: string): Cursor =>
  JSON.parse(Buffer.from(sealed.split('.')[1] as string, 'base64url').toString());
/** A cursor with the seal of another one, the strongest forgery without the key. */
const forged = (sealed: string, change: (cursor: Cursor) => Partial<Cursor>): string => {
  const [period, , mac] = sealed.split('.');
  const cursor = cursorOf(sealed);
  return [period, cursorText({ ...cursor, ...change(cursor) }), mac].join('.');
};

beforeAll(async () => {
  scratchFolder = await mkdtemp(join(tmpdir(), 'bifold-cursors-'));
  deployment = new MemoryDeployment(rides, PARTITIONS, scratchFolder);
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const values = Array.from({ length: 45 }, (_, index) =>
      index % 9 === 8 ? 'no ride' : { at: index * 20_000, city: `c${index % 3}`, fare: index },
    );
    await deployment.produce(partition, values, 10);
    await deployment.recompute();
  }
});
afterAll(() => rm(scratchFolder, { recursive: true }));

describe('a cursor', () => {
  it('goes on where its page ended, over the same offsets, with the same counts', async () => {
    const first = await pageOf(query);
    expect(first.receipt.quarantined.reasons).toEqual({ 'not-an-object': 10 });
    const whole = await pageOf({ ...query, limit: 10_000 });
    const rows = [...first.rows];
    let { cursor } = first;
    while (cursor !== null) {
      const page = await pageOf({ ...query, cursor });
      const { page: _, digest: __, ...unsealed } = page.receipt;
      expect(first.receipt).toMatchObject(unsealed);
      rows.push(...page.rows);
      cursor = page.cursor;
    }
    expect(rows).toEqual(whole.rows);
  });

  it.each<[string, (cursor: Cursor) => Partial<Cursor>]>([
    ['counts that nobody counted', () => ({ quarantined: { reasons: { 'not-json': 1_000_000 }, behind: [] } })],
    ['no counts', () => ({ quarantined: { reasons: {}, behind: [] } })],
    ['models that scored nothing', () => ({ models: { fares: ['v9'] } })],
    ['less of the log', ({ segments }) => ({ segments: segments.slice(1) })],
    ['more of the log', ({ segments }) => ({ segments: segments.map(([p, s, next]) => [p, s, next + 1]) })],
    ['another page', () => ({ bucket: 0, after: null })],
    ['another generation', ({ generation }) => ({ generation: generation + 1 })],
    ['a partition beyond 32 bits', () => ({ segments: [[2 ** 40, 0, 1]] })],
  ])('that was changed is refused: %s', async (_, change) => {
    const { cursor } = await pageOf(query);
    const { status, body } = await ask({ ...query, cursor: forged(cursor as string, change) });
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'BIFOLD_BAD_CURSOR' });
  });

  it('of 290 kB with invented partitions is refused before anything is read', async () => {
    const { cursor } = await pageOf(query);
    const segments = Array.from({ length: 20_000 }, (_, index) => [index, 0, 1] as const);
    const large = forged(cursor as string, () => ({ segments }));
    expect(large.length).toBeGreaterThan(250_000);
    deployment.scans = 0;
    deployment.progressReads = 0;
    expect(await ask({ ...query, cursor: large })).toMatchObject({ status: 400 });
    expect([deployment.scans, deployment.progressReads]).toEqual([0, 0]);
  });

  it('that names partitions which the view does not have is refused after one read, whoever sealed it', async () => {
    const { cursor } = await pageOf(query);
    const segments = Array.from({ length: 15_000 }, (_, index) => [index + PARTITIONS, 0, 1] as const);
    const sealed = await deployment.seal(cursorText({ ...cursorOf(cursor as string), segments }));
    deployment.progressReads = 0;
    expect(await ask({ ...query, cursor: sealed })).toMatchObject({
      status: 400,
      body: { code: 'BIFOLD_BAD_CURSOR' },
    });
    expect(deployment.progressReads).toBe(0);
  });

  it.each([
    { window: 'hourly' },
    { window: 'minutes', snapshot: true },
    { window: 'minutes', total: true },
    { window: 'minutes', key: '["c1"]' },
    { window: 'minutes', from: 1 },
  ])('goes on with its own question alone, not with %j', async (other) => {
    const { cursor } = await pageOf(query);
    expect(await ask({ ...other, cursor })).toMatchObject({ status: 400, body: { code: 'BIFOLD_BAD_CURSOR' } });
  });

  it('may be used with another limit, and with the question in another form', async () => {
    const keyed = { window: 'minutes', keys: [{ city: 'c1' }, ['c2']], limit: 1 };
    const { cursor } = await pageOf(keyed);
    await pageOf({ window: 'minutes', keys: [['c2'], { city: 'c1' }], limit: '7', cursor });
  });

  it('is of a key for 30 days, and good for 30 days more', async () => {
    const { cursor } = await pageOf(query);
    const nowMs = deployment.nowMs;
    deployment.nowMs = nowMs + 30 * DAY_MS;
    const renewed = await pageOf({ ...query, cursor });
    expect(renewed.cursor?.split('.')[0]).not.toBe(cursor?.split('.')[0]);
    deployment.nowMs = nowMs + 60 * DAY_MS;
    expect(await ask({ ...query, cursor })).toMatchObject({ status: 410, body: { code: 'BIFOLD_CURSOR_EXPIRED' } });
    await pageOf({ ...query, cursor: renewed.cursor });
    deployment.nowMs = nowMs;
  });
});

/**
 * Right: the page that an unchanged cursor gives. Refused: with a code, and by the caller's fault.
 */
async function isRightOrRefused(sealed: unknown, right: Answer): Promise<void> {
  const { status, body } = await ask({ ...query, cursor: sealed });
  if (status === 200) {
    expect(body).toEqual(JSON.parse(JSON.stringify(right)));
    return;
  }
  expect({ status, hasCode: CODE.test(String(body.code)) }).toEqual({
    status: body.code === 'BIFOLD_CURSOR_EXPIRED' ? 410 : 400,
    hasCode: true,
  });
}

describe('the query API', () => {
  it('gives the right page or a refusal for any bytes in place of a cursor, and never another receipt', async () => {
    const { cursor } = await pageOf(query);
    const right = await pageOf({ ...query, cursor });
    const sealed = cursor as string;
    const changes = fc.array(
      fc.record({
        at: fc.nat(sealed.length),
        removed: fc.nat(3),
        added: fc.oneof(fc.constantFrom('', '.', 'A', '-', '=', '0', '"', '\0'), fc.string({ maxLength: 4 })),
      }),
      { minLength: 1, maxLength: 4 },
    );
    const mutated = changes.map((all) =>
      all.reduce((text, { at, removed, added }) => text.slice(0, at) + added + text.slice(at + removed), sealed),
    );
    const contents = fc
      .dictionary(fc.constantFrom(...Object.keys(cursorOf(sealed)), 'other'), fc.jsonValue({ maxDepth: 4 }))
      .map((changed) => forged(sealed, () => changed as Partial<Cursor>));
    // Well-formed changes, which only the seal can detect.
    const plausible = fc.oneof(
      fc
        .dictionary(fc.constantFrom('not-json', 'invalid', 'tombstone'), fc.nat())
        .map((reasons) => forged(sealed, () => ({ quarantined: { reasons, behind: [] } }))),
      fc.nat(8).map((kept) => forged(sealed, ({ segments }) => ({ segments: segments.slice(0, kept) }))),
      fc.nat(5).map((bucket) => forged(sealed, () => ({ bucket, after: null }))),
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(mutated, contents, plausible, fc.jsonValue(), fc.base64String()), (value) =>
        isRightOrRefused(value, right),
      ),
      { numRuns: 500 },
    );
  });

  it('refuses, and never fails, whatever a request holds', async () => {
    const names = ['window', 'key', 'keys', 'from', 'to', 'total', 'snapshot', 'parts', 'limit', 'cursor', '__proto__'];
    const odd = fc.constantFrom<unknown>(
      ...[
        2 ** 40,
        -1,
        1e308,
        8.64e15,
        8.64e15 + 1,
        -9e15,
        '',
        'minutes',
        'slides',
        'rests',
        'days',
        'ever',
        '["c1"]',
        '{"city":1}',
        '[null]',
      ],
      ...['1970-01-01T00:00:00Z', '+275760-09-13T00:00:00.001Z', 'true', [['c1']], [['c1', 'c2']], [[]], {}, null],
    );
    const value = fc.oneof(odd, fc.jsonValue({ maxDepth: 3 }), fc.string());
    const bodies = fc.oneof(
      fc
        .dictionary(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...names) }, fc.string()), value)
        .map((all) => JSON.stringify({ window: 'minutes', ...all })),
      fc.json(),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        const { status, body: given } = await ask(body === '' ? '{' : body);
        expect([200, 400, 410]).toContain(status);
        if (status !== 200) expect(given.code).toMatch(CODE);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each<[string, string]>([
    ['keys nested 400,000 deep', `{"window":"minutes","keys":${'['.repeat(400_000)}${']'.repeat(400_000)}}`],
    ['a key text nested 400,000 deep', JSON.stringify({ window: 'minutes', key: '['.repeat(400_000) })],
    ['objects nested 100,000 deep', `${'{"key":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['a range nested deep', `{"window":"minutes","from":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
    ['more than a mebibyte', JSON.stringify({ window: 'minutes', key: 'x'.repeat(1024 * 1024) })],
    ['more than a mebibyte in fewer characters', JSON.stringify({ window: 'minutes', key: 'é'.repeat(600_000) })],
    ['10,000 fields', JSON.stringify(Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`f${i}`, 1])))],
    ['1,001 keys', JSON.stringify({ window: 'minutes', keys: Array.from({ length: 1_001 }, (_, i) => [`c${i}`]) })],
    ['a cursor of 900,000 characters', JSON.stringify({ ...query, cursor: `1.${'A'.repeat(900_000)}.x` })],
  ])('refuses %s with little text', async (_, body) => {
    const { status, body: given } = await ask(body);
    expect(status).toBe(400);
    expect(given.code).toMatch(CODE);
    expect(JSON.stringify(given).length).toBeLessThan(2_000);
  });
});

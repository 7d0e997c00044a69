import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import { type Bifold, bifoldIn, deleteCloud } from '../../integration/local/bifold.ts';
import { loadLookups } from '../../integration/local/lookups.ts';

/**
 * Answers that were kept, asked for again when everything has moved on: more events, other lookups,
 * three generations, a sweep, and a log that retention has emptied. The oracle is what this file
 * sent, counted with Maps.
 */

/** Two of them differ by a leading U+FEFF alone: they are two keys to both layers. */
const CARRIERS = ['UA', '\ufeffUA', 'B6', 'DL', 'WN', 'EV'];
const DAY_MS = 86_400_000;
const FIRST_DAY_MS = Date.UTC(2013, 0, 1);
const SEATS_BEFORE = 100;
const SEATS_AFTER = 250;

interface Sent {
  readonly carrier: string;
  readonly atMs: number;
  readonly delay: number | null;
}

/** Events by number, all different. */
const eventOf = (number: number): Sent => ({
  carrier: CARRIERS[(number * 7) % CARRIERS.length] as string,
  atMs: FIRST_DAY_MS + (number % 40) * (DAY_MS / 8) + number * 1000,
  delay: number % 5 === 0 ? null : (number % 90) - 15,
});
const line = ({ carrier, atMs, delay }: Sent): string =>
  JSON.stringify({
    at: new Date(atMs).toISOString(),
    carrier,
    flight: 1,
    tailnum: 'N1',
    origin: 'EWR',
    dest: 'SFO',
    dep_time: delay === null ? null : 600,
    dep_delay: delay,
  });

interface Row {
  readonly key: { readonly carrier: string };
  readonly window: { readonly start: string };
  readonly values: Record<string, number | null>;
}
interface Receipt {
  readonly version: string;
  readonly topicId: string;
  readonly generation: number;
  readonly run: string | null;
  readonly coverage: Record<string, [number, number][]>;
  readonly offsets: { readonly batch: number; readonly speed: number };
  readonly digest: string;
  readonly [name: string]: unknown;
}
interface Answer {
  readonly rows: readonly Row[];
  readonly receipt: Receipt;
  readonly cursor: string | null;
}
interface Verification {
  readonly equal: boolean;
  readonly records: number;
  readonly checks: readonly {
    source: string;
    log: number;
    archive: number;
    missing: Record<string, [number, number][]>;
  }[];
  readonly sample: { readonly keys: number; readonly seed: string } | null;
  readonly receipt: Receipt;
}

let bifold: Bifold;
let sent = 0;
const file = (name: string): string => join(bifold.stateDir, name);

/**
 * Sends this number of events with an invalid record among them, and waits until answers cover
 * them.
 */
async function send(events: number): Promise<void> {
  const lines = Array.from({ length: events }, (_, index) => line(eventOf(sent + index)));
  sent += events;
  writeFileSync(file('events.jsonl'), `${lines.join('\n')}\n`);
  await bifold.done('produce', 'delays', '--file', file('events.jsonl'));
  await bifold.waitForLag('delays', 0);
}

async function publish(): Promise<number> {
  await bifold.done('archive', 'delays');
  return (await bifold.json<{ generation: number }>('recompute', 'delays')).generation;
}

/** Retention, at its worst: all that is archived is deleted from the log. */
async function truncateLog(): Promise<void> {
  const { kafkaInternal } = JSON.parse(readFileSync(file('ports.json'), 'utf8')) as { kafkaInternal: number };
  const { pipelines } = await bifold.json<{
    pipelines: { archive: { partitions: Record<string, { frontier: number }> } }[];
  }>('status');
  const ends = Object.entries(pipelines[0]?.archive.partitions ?? {});
  expect(ends).toHaveLength(2);
  const admin = new Kafka({ brokers: [`127.0.0.1:${kafkaInternal}`], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  // kafkajs deletes only from topics that it has asked about before.
  await admin.fetchTopicOffsets('departures');
  await admin.deleteTopicRecords({
    topic: 'departures',
    partitions: ends.map(([partition, { frontier }]) => ({ partition: Number(partition), offset: String(frontier) })),
  });
  await admin.disconnect();
}

const QUESTIONS = {
  'every row': ['--window', 'daily', '--all'],
  'a page': ['--window', 'hourly', '--limit', '7'],
  'a total with its parts': ['--window', 'daily', '--key', '["UA","EWR"]', '--total', '--parts'],
  'a range of a snapshot': [
    '--window',
    'hourly',
    '--from',
    '2013-01-02T00:00:00Z',
    '--to',
    '2013-01-03T00:00:00Z',
    '--snapshot',
    '--limit',
    '500',
  ],
} as const;
type Kept = keyof typeof QUESTIONS;
const kept = new Map<string, string>();
const keptFile = (name: string): string => file(`${name.replaceAll(' ', '-')}.json`);
const keptAnswer = (name: Kept): Answer => JSON.parse(kept.get(name) ?? '');
let sentWhenKept = 0;

beforeAll(async () => {
  bifold = bifoldIn('receipts');
  await bifold.done('up');
  // Jobs run when this file says so: what is archived and published at each step is part of the
  // story.
  const rates = ['archiveRate', 'recomputeRate', 'sweepRate'].flatMap((name) => ['-c', `${name}=rate(1 day)`]);
  await bifold.done('deploy', 'delays', '--topic-partitions', '2', ...rates);
  await loadLookups(bifold, SEATS_BEFORE);
  await send(12_000);
  expect((await bifold.feed('{"carrier":"UA"}\n', 'produce', 'delays')).status).toBe(0);
  expect(await publish()).toBe(1);
  await send(500);
  for (const [name, query] of Object.entries(QUESTIONS)) {
    const answer = await bifold.done('query', 'delays', ...query, '--json');
    writeFileSync(keptFile(name), answer);
    kept.set(name, answer);
  }
  sentWhenKept = sent;
});

afterAll(() => deleteCloud(bifold));

describe('an answer', () => {
  it('has a receipt of both layers, and every event that was sent', () => {
    const { rows, receipt } = keptAnswer('every row');
    expect(receipt).toMatchObject({
      generation: 1,
      models: null,
      gaps: {},
      page: { start: null, last: true, deviating: 0 },
    });
    expect(receipt.offsets.batch).toBeGreaterThan(0);
    expect(receipt.offsets.speed).toBeGreaterThan(0);
    const expected = new Map<string, { flights: number; totalDelay: number }>();
    for (let number = 0; number < sentWhenKept; number++) {
      const { carrier, atMs, delay } = eventOf(number);
      const id = `${carrier} ${new Date(atMs - (atMs % DAY_MS)).toISOString()}`;
      const day = expected.get(id) ?? { flights: 0, totalDelay: 0 };
      expected.set(id, { flights: day.flights + 1, totalDelay: day.totalDelay + (delay ?? 0) });
    }
    expect(rows).toHaveLength(expected.size);
    for (const { key, window, values } of rows) {
      const day = expected.get(`${key.carrier} ${window.start}`);
      expect({ flights: values.flights, totalDelay: values.totalDelay }).toEqual(day);
      expect(values.seats).toBe(SEATS_BEFORE * (day?.flights ?? 0));
    }
  });

  it('has the digest of all rows, however many pages they came on', async () => {
    const query = ['query', 'delays', '--window', 'daily'];
    const long = await bifold.json<Answer>(...query, '--limit', '10000');
    expect(long.receipt.digest).toBe(keptAnswer('every row').receipt.digest);
    const page = await bifold.json<Answer>(...query, '--limit', '1');
    expect(page.cursor).not.toBeNull();
    expect(page.receipt.digest).not.toBe(long.receipt.digest);
    expect(await bifold.done(...query, '--all')).toMatch(
      new RegExp(`rows +${long.rows.length}\\ndigest +${long.receipt.digest}\\n`),
    );
  });
});

const sameAgain = (name: string): void => {
  it(`is given again, to the byte: ${name}`, async () => {
    expect(await bifold.done('query', '--as-of', keptFile(name), '--json')).toBe(kept.get(name));
  });
};

describe('while the log is whole', () => {
  for (const name of Object.keys(QUESTIONS)) sameAgain(name);

  it('is verified against the log, against the archive, and against both', async () => {
    const { coverage } = keptAnswer('every row').receipt;
    const covered = Object.values(coverage).reduce((total, [range]) => total + (range?.[1] ?? 0), 0);
    const [log] = (await bifold.json<Verification>('verify', 'delays')).checks;
    expect(log).toMatchObject({ source: 'either', log: covered, archive: 0 });
    const both = await bifold.json<Verification>('verify', 'delays', '--against', 'both');
    // One of the records is invalid, and the log has no holes.
    expect(both).toMatchObject({ equal: true, records: sentWhenKept + 1 });
    const [alone, archive] = both.checks;
    expect([alone?.log, alone?.archive]).toEqual([covered, 0]);
    expect([archive?.log, archive?.archive]).toEqual([500, covered - 500]);
  });
});

describe('when everything has moved on', () => {
  beforeAll(async () => {
    const { run } = keptAnswer('every row').receipt;
    await loadLookups(bifold, SEATS_AFTER);
    await send(12_000);
    expect(await publish()).toBe(2);
    await send(12_000);
    expect(await publish()).toBe(3);
    expect(await bifold.json('sweep', 'delays')).toMatchObject({ runs: [run] });
    await truncateLog();
  });

  for (const name of Object.keys(QUESTIONS)) sameAgain(name);

  it('is given again from standard input, from the receipt alone, and with its question repeated', async () => {
    const fed = await bifold.feed(kept.get('every row') ?? '', 'query', '--as-of', '-', '--json');
    expect(fed.stdout).toBe(kept.get('every row'));
    const receipt = JSON.stringify(keptAnswer('a page').receipt);
    expect(await bifold.done('query', '--as-of', receipt, '--json')).toBe(kept.get('a page'));
    const total = 'a total with its parts';
    expect(await bifold.done('query', 'delays', ...QUESTIONS[total], '--as-of', keptFile(total), '--json')).toBe(
      kept.get(total),
    );
  });

  it('is another one now: what came since counts, with the lookups of its time', async () => {
    const now = await bifold.json<Answer>('query', 'delays', ...QUESTIONS['every row']);
    const sum = (name: string): number => now.rows.reduce((total, { values }) => total + (values[name] ?? 0), 0);
    expect(sum('flights')).toBe(sent);
    // Segments that were open when the lookups changed keep the old ones.
    expect(sum('seats')).toBeGreaterThan(SEATS_BEFORE * sent);
    expect(sum('seats')).toBeLessThan(SEATS_AFTER * sent);
  });

  it('is verified against the archive alone; the log cannot, and says of what', async () => {
    const archive = await bifold.json<Verification>('verify', 'delays', '--against', 'archive');
    expect(archive).toMatchObject({
      equal: true,
      records: sent + 1,
      checks: [{ log: 0, archive: sent + 1, missing: {} }],
    });
    expect(await bifold.json('verify', 'delays')).toMatchObject({
      equal: true,
      checks: [{ log: 0, archive: sent + 1 }],
    });
    const log = await bifold.run('verify', 'delays', '--against', 'log', '--json');
    const { equal, checks } = JSON.parse(log.stdout) as Verification;
    expect([log.status, equal, checks[0]?.missing]).toEqual([4, false, archive.receipt.coverage]);
    const told = await bifold.run('verify', 'delays', '--against', 'both');
    expect(told.stdout).toMatch(/CANNOT BE VERIFIED[\s\S]*NO LONGER RETAINED: 0: \[0, /);
    expect(told.status).toBe(4);
  });

  it('is verified by a sample, which its seed draws again', async () => {
    const first = await bifold.json<Verification>('verify', 'delays', '--sample', '2', '--seed', 'seven');
    expect(first).toMatchObject({ equal: true, sample: { keys: 2, seed: 'seven' } });
    const again = await bifold.json<Verification>('verify', 'delays', '--sample', '2', '--seed', 'seven');
    expect(again.receipt.digest).toBe(first.receipt.digest);
    expect(again.receipt.question).toMatchObject({ keys: [{ origin: 'EWR' }, { origin: 'EWR' }] });
    expect(await bifold.done('verify', 'delays', '--sample', '3')).toMatch(/sample +3 keys of seed \d+/);
  });
});

describe('a receipt of what is not there', () => {
  const asOf = (changes: object) =>
    bifold.run('query', '--json', '--as-of', JSON.stringify({ ...keptAnswer('every row').receipt, ...changes }));

  it.each([
    ['another definition', { version: 'delays-000000000000' }, 2, 'BIFOLD_OTHER_DEFINITION'],
    ['another pipeline', { pipeline: 'arrivals' }, 2, 'BIFOLD_UNKNOWN_PIPELINE'],
    ['another topic id', { topicId: randomUUID() }, 4, 'BIFOLD_OFFSETS_GONE'],
    ['offsets that never were', { coverage: { 0: [[0, 1e12]] } }, 4, 'BIFOLD_OFFSETS_GONE'],
    ['no coverage', { coverage: null }, 2, 'BIFOLD_BAD_RECEIPT'],
    ['a window that the view lacks', { question: { window: 'yearly' } }, 2, 'BIFOLD_UNKNOWN_WINDOW'],
  ])('says so: %s', async (_, changes, wanted, code) => {
    const { status, stderr } = await asOf(changes);
    expect([status, stderr]).toEqual([wanted, expect.stringContaining(`[${code}]`)]);
  });

  it('says so when it claims other offsets than its digest knows', async () => {
    const { coverage } = keptAnswer('every row').receipt;
    const shorter = { ...coverage, 0: [[0, (coverage[0]?.[0]?.[1] ?? 0) - 1]] };
    const { status, stderr } = await asOf({ coverage: shorter });
    expect([status, stderr]).toEqual([1, expect.stringContaining('this is not the answer that was given')]);
  });

  it('says so when it is asked another question', async () => {
    const { status, stderr } = await bifold.run(
      'query',
      'delays',
      '--window',
      'hourly',
      '--as-of',
      keptFile('every row'),
    );
    expect([status, stderr]).toEqual([2, expect.stringContaining('[BIFOLD_OTHER_QUESTION]')]);
  });
});

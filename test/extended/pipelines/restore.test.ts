import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectCassandra } from '@bifold/adapters/cassandra';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Bifold, bifoldIn, deleteCloud, until } from '../../integration/local/bifold.ts';
import { loadLookups } from '../../integration/local/lookups.ts';

/**
 * A lost database, with real services. Every command reports the loss, one command restores the
 * view from archive and log, and saved answers are reproduced. One view joins lookup tables of two
 * versions, the other one drops duplicates.
 */

jest.setTimeout(600_000);

const PIPELINES = ['delays', 'legs-once'];
const SEATS = [100, 250];

interface Answer {
  readonly rows: readonly { readonly values: Readonly<Record<string, number | null>> }[];
  readonly receipt: {
    readonly generation: number;
    readonly coverage: Readonly<Record<string, unknown>>;
    readonly offsets: { readonly batch: number; readonly speed: number };
    readonly quarantined: { readonly reasons: Readonly<Record<string, number>> };
    readonly [name: string]: unknown;
  };
}

let bifold: Bifold;
let sent = 0;
const file = (name: string): string => join(bifold.stateDir, name);
const kept = new Map<string, string>();
const keptAnswer = (name: string): Answer => JSON.parse(kept.get(name) ?? '');

const CARRIERS = ['UA', 'AA', 'B6', 'DL'];
const departure = (number: number): object => ({
  at: new Date(Date.UTC(2013, 0, 1 + (number % 9)) + number * 1_000).toISOString(),
  flight: 1,
  tailnum: 'N1',
  carrier: CARRIERS[number % CARRIERS.length],
  origin: 'EWR',
  dest: 'SFO',
  dep_time: 600,
  dep_delay: number % 70,
});
/** Every third leg repeats one that came 500 before it. */
const leg = (number: number): object => {
  const told = number % 3 === 0 && number >= 500 ? number - 500 : number;
  return { departed: 1_357_000_000 + told * 60, tailnum: `N${told % 40}`, hours: 1.1, miles: told % 900, speed: 400 };
};

/** Sends this number of events to each pipeline, and an invalid record. */
async function send(events: number): Promise<void> {
  for (const [pipeline, eventOf] of [['delays', departure] as const, ['legs-once', leg] as const]) {
    const lines = Array.from({ length: events }, (_, index) => JSON.stringify(eventOf(sent + index)));
    writeFileSync(file('events.jsonl'), `${lines.join('\n')}\n`);
    await bifold.done('produce', pipeline, '--file', file('events.jsonl'));
    const key = pipeline === 'delays' ? '{"carrier":"UA"}' : '{"tailnum":"N1"}';
    expect((await bifold.feed(`${key}\n`, 'produce', pipeline)).status).toBe(0);
    await bifold.waitForLag(pipeline, 0);
  }
  sent += events;
}

async function publish(): Promise<void> {
  for (const pipeline of PIPELINES) {
    await bifold.done('archive', pipeline);
    await bifold.done('recompute', pipeline);
  }
}

const QUESTIONS: Readonly<Record<string, readonly string[]>> = {
  delays: ['delays', '--window', 'daily', '--all'],
  'legs-once': ['legs-once', '--window', 'weekly', '--all'],
};

async function emptyDatabase(): Promise<void> {
  const { cassandra: port } = JSON.parse(readFileSync(file('ports.json'), 'utf8')) as { cassandra: number };
  const client = await connectCassandra({ contactPoints: [`127.0.0.1:${port}`], keyspace: 'bifold' });
  await client.executeDdl('DROP KEYSPACE bifold');
  await client.close();
}

beforeAll(async () => {
  bifold = bifoldIn('restore');
  await bifold.done('up');
  const rates = ['archiveRate', 'recomputeRate', 'sweepRate'].flatMap((name) => ['-c', `${name}=rate(1 day)`]);
  await bifold.done('deploy', ...PIPELINES, '--topic-partitions', '2', ...rates);
  await loadLookups(bifold, SEATS[0] as number);
  await send(9_000);
  await publish();
  await loadLookups(bifold, SEATS[1] as number);
  await send(9_000);
  await publish();
  await send(500);
  for (const [pipeline, query] of Object.entries(QUESTIONS)) {
    const answer = await bifold.done('query', ...query, '--json');
    writeFileSync(file(`${pipeline}.json`), answer);
    kept.set(pipeline, answer);
  }
});

afterAll(() => deleteCloud(bifold));

describe('a view whose database is there', () => {
  it('is not restored over it', async () => {
    const { status, stderr } = await bifold.run('restore', 'delays');
    expect(stderr).toContain('BIFOLD_NOT_EMPTY');
    expect(status).toBe(3);
  });
});

describe('a database that was emptied', () => {
  beforeAll(async () => {
    await emptyDatabase();
    // The tables are created again, empty, as by starting the cloud again.
    await bifold.done('deploy', ...PIPELINES);
  });

  for (const command of ['query', 'verify', 'wait'])
    it(`is no good answer to ${command}`, async () => {
      const { status, stderr } = await bifold.run(
        command,
        'delays',
        ...(command === 'query' ? ['--window', 'daily'] : []),
      );
      expect(stderr).toContain('BIFOLD_VIEW_LOST');
      expect(stderr).toContain('npx bifold restore delays');
      expect(status).toBe(1);
    });

  it('is named by status', async () => {
    const { pipelines } = await bifold.status();
    for (const { warnings } of pipelines) expect(warnings.join('\n')).toContain('LOST: published data');
  });

  it('is not published into', async () => {
    const { status, stderr } = await bifold.run('recompute', 'delays');
    expect(stderr).toContain('BIFOLD_VIEW_LOST');
    expect(status).toBe(3);
  });
});

describe.each(PIPELINES)('%s, restored', (pipeline) => {
  it('has all rows again, from archive and log, without a record more', async () => {
    const restored = await bifold.json<{ generation: number; records: number; tookMs: number; lost: object }>(
      'restore',
      pipeline,
    );
    const before = keptAnswer(pipeline);
    expect(restored).toMatchObject({ generation: before.receipt.generation + 3, lost: {} });
    expect(restored.records).toBeGreaterThanOrEqual(before.receipt.offsets.speed);
    const { rows, receipt } = await bifold.json<Answer>('query', ...(QUESTIONS[pipeline] as string[]));
    const { coverage, quarantined, offsets } = before.receipt;
    expect(rows).toEqual(before.rows);
    expect(receipt).toMatchObject({ coverage, quarantined, offsets });
    process.stderr.write(`    restored ${pipeline}: ${sent} records in ${restored.tookMs} ms\n`);
  });

  it('is equal to the log and to the archive', async () => {
    expect(await bifold.json('verify', pipeline, '--against', 'both')).toMatchObject({ equal: true });
  });

  it('honours the receipt of an answer that was given before', async () => {
    expect(await bifold.done('query', '--as-of', file(`${pipeline}.json`), '--json')).toBe(kept.get(pipeline));
  });

  it('goes on', async () => {
    const [first = ''] = PIPELINES;
    if (pipeline !== PIPELINES.at(-1)) return;
    await send(3_000);
    await publish();
    await bifold.done('sweep', first);
    for (const each of PIPELINES) {
      expect(await bifold.json('verify', each)).toMatchObject({ equal: true });
      const list = await bifold.json<readonly unknown[]>('quarantine', 'list', each);
      expect(list).toHaveLength(4);
    }
  });
});

describe('a topic that was deleted and created again', () => {
  it('is named by wait and verify, by both ids, and is nothing to archive or recompute', async () => {
    const { pipelines } = await bifold.status();
    const old = pipelines.find(({ pipeline }) => pipeline === 'delays')?.topicId ?? '';
    await bifold.done('topic', 'delete', 'departures', '--force');
    await bifold.done('topic', 'create', 'departures', '--partitions', '2');
    const told = async (...args: string[]) => {
      const { status, stderr } = await bifold.run(...args);
      expect(stderr).toContain('BIFOLD_TOPIC_RECREATED');
      expect(stderr).toContain(old);
      const [id] = /topic id ([0-9a-f-]{36})/.exec(stderr.replace(old, '')) ?? [];
      expect(id).toBeDefined();
      expect(status).toBe(1);
    };
    await until(
      'the new topic',
      () => bifold.run('wait', 'delays'),
      ({ stderr }) => stderr.includes('RECREATED'),
    );
    await told('wait', 'delays');
    await told('verify', 'delays');
    await told('verify', 'delays', '--against', 'archive');
    await told('archive', 'delays');
    await told('recompute', 'delays');
    const asked = await bifold.run('query', ...(QUESTIONS.delays as string[]));
    expect([asked.status, asked.stderr]).toEqual([0, expect.stringContaining('was created again')]);
  });
});

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import * as z from 'zod';
import { readQuarantine } from '../engine.ts';
import { availableNow, defineStream, files, memory, type Sink } from '../index.ts';
import { memoryJournal, shownBy, writeFiles } from '../stream.fixture.ts';
import { console } from './console.ts';

const Row = z.object({
  id: z.int(),
  date: z.iso.date().nullable(),
  year: z.string().nullable(),
  n: z.int().nullable(),
  x: z.number().nullable(),
  at: z.iso.datetime().nullable(),
  ok: z.boolean().nullable(),
});
type Row = z.infer<typeof Row>;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bifold-partitions-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const row = (id: number, values: Partial<Row> = {}): Row => ({
  ...{ id, date: '2020-01-02', year: '2020', n: 1, x: 1.5, at: '2026-01-01T00:00:00.250Z', ok: true },
  ...values,
});

/** Writes rows into partitions. Returns the rows as they were, and those that were set aside. */
async function write(rows: readonly object[], partitionBy: readonly string[], format: 'csv' | 'parquet' | 'json') {
  const source = join(folder, 'source');
  writeFiles(source, [rows]);
  const stream = defineStream({
    name: 'writing',
    from: files({ path: source, format: 'json', schema: Row }),
    trigger: availableNow(),
    sinks: [files({ path: join(folder, 'out'), format, partitionBy }), console()],
  });
  const journal = memoryJournal();
  const [batch] = await shownBy(stream, journal);
  return { rows: batch?.rows ?? [], setAside: await readQuarantine(journal) };
}

async function read(format: 'csv' | 'parquet' | 'json') {
  const stream = defineStream({
    name: 'reading',
    from: files({ path: join(folder, 'out'), format, schema: Row }),
    trigger: availableNow(),
    sinks: [console()],
  });
  const journal = memoryJournal();
  const rows = (await shownBy(stream, journal)).flatMap((batch) => batch.rows);
  return {
    rows: rows.toSorted((left, right) => Number(left[0]) - Number(right[0])),
    bad: await readQuarantine(journal),
  };
}

const foldersOf = (path: string): readonly string[] =>
  readdirSync(path)
    .filter((name) => !name.startsWith('_'))
    .toSorted();

describe.each(['parquet', 'csv'] as const)('partitions of %s', (format) => {
  it.each([[['date']], [['year']], [['n', 'x']], [['at']], [['ok', 'year', 'date', 'n']]])(
    'are read as they were written: %j',
    async (partitionBy) => {
      const rows = [
        row(1),
        row(2, { date: '2020-01-03', year: '02020', n: 0, x: 1e21 }),
        row(3, { date: null, year: null, n: null, x: null, at: null, ok: null }),
        row(4, { year: 'a/b=c%2F "é" .\u0007\u0085\u2028', n: Number.MIN_SAFE_INTEGER, x: -0.1, ok: false }),
        row(5, { year: '..', at: '1969-12-31T23:59:59.999Z' }),
        row(6, { year: 'NA' }),
      ];
      const written = await write(rows, partitionBy, format);
      expect(written.setAside).toEqual([]);
      expect(await read(format)).toEqual({ rows: written.rows, bad: [] });
    },
  );

  it('are not written for an empty text or a name over 255 bytes: these rows are set aside', async () => {
    const rows = [
      row(1),
      row(2, { year: '' }),
      row(3, { year: 'é'.repeat(150) }),
      row(4, { year: '__HIVE_DEFAULT_PARTITION__' }),
      row(5, { year: 'é'.repeat(125) }),
    ];
    const written = await write(rows, ['year'], format);
    expect(written.setAside).toMatchObject([
      { batch: 0, sink: 0, where: '0000.json:2', reason: 'bad-partition', detail: expect.stringMatching(/empty text/) },
      { where: '0000.json:3', reason: 'bad-partition', detail: expect.stringMatching(/305 bytes; 255 at most/) },
      { where: '0000.json:4', reason: 'bad-partition', detail: expect.stringMatching(/reads as null/) },
    ]);
    expect((await read(format)).rows.map(([id]) => id)).toEqual([1, 5]);
  });
});

describe('folders of partitions', () => {
  it('have the names that Hive and Spark give them', async () => {
    await write([row(1, { year: 'a:b c' }), row(2, { year: null })], ['year'], 'parquet');
    expect(foldersOf(join(folder, 'out'))).toEqual(['year=__HIVE_DEFAULT_PARTITION__', 'year=a%3Ab c']);
  });

  it('of other programs are read by the schema', async () => {
    const rest = 'id,n,x,ok\n1,1,1.5,true\n';
    for (const path of ['date=2020-01-02/year=02020/at=2026-01-01 00%3A00%3A00', 'date=soon/year=%C3%A9%/at=x']) {
      mkdirSync(join(folder, 'out', path), { recursive: true });
      writeFileSync(join(folder, 'out', path, 'a.csv'), rest);
    }
    const { rows, bad } = await read('csv');
    expect(rows).toEqual([[1, '2020-01-02', '02020', 1, 1.5, Date.UTC(2026, 0, 1), true]]);
    expect(bad).toMatchObject([{ where: 'date=soon/year=%C3%A9%/at=x/a.csv:2', reason: 'invalid' }]);
  });

  it('cannot hold every column', () => {
    const all = Object.keys(Row.shape);
    expect(() =>
      defineStream({
        name: 'all',
        from: files({ path: folder, format: 'csv', schema: Row }),
        sinks: [files({ path: folder, format: 'csv', partitionBy: all })],
      }),
    ).toThrow(/BIFOLD_BAD_FORMAT/);
  });
});

describe('half of a surrogate pair within JSON', () => {
  const Nested = z.object({ v: z.array(z.string()) });
  const rows = [{ v: ['\ud800'] }, { v: ['\\ud800'] }, { v: ['\ud83d\ude00'] }];

  async function setAsideBy(sink: Sink<unknown>) {
    const source = join(folder, 'nested');
    writeFiles(source, [rows]);
    const stream = defineStream({
      name: 'nested',
      from: files({ path: source, format: 'json', schema: Nested }),
      trigger: availableNow(),
      sinks: [console(), sink],
    });
    const journal = memoryJournal();
    await shownBy(stream, journal);
    return readQuarantine(journal);
  }

  it.each([
    ['CSV', () => files({ path: join(folder, 'out'), format: 'csv' })],
    ['Parquet', () => files({ path: join(folder, 'out'), format: 'parquet' })],
    ['a table in memory', () => memory('nested')],
  ])('is set aside for %s', async (_, sink) => {
    expect(await setAsideBy(sink())).toMatchObject([{ where: '0000.json:1', sink: 1, reason: 'not-utf8' }]);
  });

  it('stays in JSON lines', async () => {
    expect(await setAsideBy(files({ path: join(folder, 'out'), format: 'json' }))).toEqual([]);
    const [file = ''] = foldersOf(join(folder, 'out'));
    const lines = readFileSync(join(folder, 'out', file), 'utf8')
      .trimEnd()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(rows);
  });
});

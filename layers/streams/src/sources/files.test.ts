import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import * as z from 'zod';
import { readQuarantine } from '../engine.ts';
import { availableNow, console, defineStream, files } from '../index.ts';
import { memoryJournal, shownBy } from '../stream.fixture.ts';

const Thing = z.object({
  id: z.int(),
  size: z.number().nullable(),
  name: z.string(),
  isNew: z.boolean(),
  at: z.iso.datetime(),
  tags: z.array(z.string()),
});
const TIME = '2026-01-01T00:00:00.250Z';
const TIME_MS = Date.parse(TIME);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bifold-files-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const reading = (path: string, format: 'csv' | 'json' | 'parquet') =>
  defineStream({
    name: 'reading',
    from: files({ path, format, schema: Thing }),
    trigger: availableNow(),
    sinks: [console()],
  });

async function rowsOf(path: string, format: 'csv' | 'json' | 'parquet', journal = memoryJournal()) {
  return (await shownBy(reading(path, format), journal)).flatMap(({ rows }) => rows);
}

it('CSV becomes what the schema says; what it does not allow is set aside by file and line', async () => {
  mkdirSync(join(folder, 'sub'));
  writeFileSync(
    join(folder, 'sub', 'a.csv'),
    [
      'name,id,size,isNew,at,tags,other',
      `"two\nlines, quoted",1,1.5,true,${TIME},"[""x""]",ignored`,
      `plain,2,NA,FALSE,${TIME},[],ignored`,
      `plain,3.5,1,true,${TIME},[],a broken number`,
      'too,few',
      `plain,4,,true,${TIME},[],an empty cell is null`,
      `plain,5,1,true,2026-02-30T00:00:00Z,[],no such day`,
    ].join('\n'),
  );
  for (const hidden of ['_b.csv', '.c.csv']) writeFileSync(join(folder, hidden), 'not read');
  const journal = memoryJournal();
  expect(await rowsOf(folder, 'csv', journal)).toEqual([
    [1, 1.5, 'two\nlines, quoted', true, TIME_MS, '["x"]'],
    [2, null, 'plain', false, TIME_MS, '[]'],
    [4, null, 'plain', true, TIME_MS, '[]'],
  ]);
  const bad = await readQuarantine(journal);
  expect(bad.map(({ where, reason }) => [where, reason]).toSorted()).toEqual([
    ['sub/a.csv:5', 'invalid'],
    ['sub/a.csv:6', 'unreadable'],
    ['sub/a.csv:8', 'invalid'],
  ]);
  expect(await rowsOf(folder, 'csv', journal)).toEqual([]);
});

it('a row that is damaged is set aside with its line, and an empty file as a whole', async () => {
  const [header, row] = ['name,id,size,isNew,at,tags\n', `plain,1,1,true,${TIME},[]\n`];
  const damage = Buffer.concat([Buffer.from('"x"y,2,1,true,,[]\ncaf'), Buffer.of(0xe9), Buffer.from(row)]);
  writeFileSync(join(folder, 'a.csv'), Buffer.concat([Buffer.from(header + row), damage, Buffer.from(row)]));
  writeFileSync(join(folder, 'b.csv'), header + row);
  writeFileSync(join(folder, 'c.csv'), '');
  const journal = memoryJournal();
  expect(await rowsOf(folder, 'csv', journal)).toHaveLength(3);
  expect(await readQuarantine(journal)).toMatchObject([
    { where: 'a.csv:3', reason: 'unreadable', detail: expect.stringMatching(/text after the quote/) },
    { where: 'a.csv:4', reason: 'not-utf8', detail: expect.stringMatching(/not UTF-8/) },
    { where: 'c.csv:1', reason: 'unreadable', detail: expect.stringMatching(/the file is empty/) },
  ]);
});

it('a schema that does not fit the header of the first file is refused, and of a later file set aside', async () => {
  const schema = z.object({ id: z.int().nullable(), name: z.string().nullable() });
  const stream = defineStream({
    name: 'header',
    from: files({ path: folder, format: 'csv', schema }),
    trigger: availableNow(),
    sinks: [console()],
  });
  writeFileSync(join(folder, 'a.csv'), 'Id,title\n1,x\n');
  const journal = memoryJournal();
  await expect(shownBy(stream, journal)).rejects.toThrow(/BIFOLD_MISSING_COLUMN/);
  writeFileSync(join(folder, 'a.csv'), 'id,name\n1,x\n');
  expect((await shownBy(stream, journal)).map(({ rows }) => rows)).toEqual([[[1, 'x']]]);
  writeFileSync(join(folder, 'b.csv'), 'Id,title\n2,y\n');
  await shownBy(stream, journal);
  expect(await readQuarantine(journal)).toMatchObject([{ where: 'b.csv:1', reason: 'unreadable' }]);
});

it.each(['json', 'csv', 'parquet'] as const)('what is written as %s is read as it was', async (format) => {
  const source = join(folder, 'source');
  mkdirSync(source);
  const things = [
    { id: 1, size: 7, name: 'NULL "x", é\n', isNew: true, at: TIME, tags: ['a', 'b'] },
    { id: Number.MAX_SAFE_INTEGER, size: null, name: '', isNew: false, at: TIME, tags: [] },
  ];
  writeFileSync(join(source, 'a.json'), `${things.map((thing) => JSON.stringify(thing)).join('\n')}\nno json\n`);
  const target = join(folder, 'target');
  const copying = defineStream({
    name: 'copying',
    from: files({ path: source, format: 'json', schema: Thing }),
    trigger: availableNow(),
    sinks: [files({ path: target, format }), console()],
  });
  const [batch] = await shownBy(copying);
  expect(batch?.rows).toHaveLength(2);
  expect(await rowsOf(target, format)).toEqual(batch?.rows);
  const [manifest = ''] = readdirSync(join(target, '_bifold'));
  expect(JSON.parse(readFileSync(join(target, '_bifold', manifest), 'utf8'))).toMatchObject({ batch: 0, rows: 2 });
});

it('a file that changed after its batch was planned is refused, not read as another', async () => {
  const path = join(folder, 'a.json');
  const thing = { id: 1, size: 7, name: 'x', isNew: true, at: TIME, tags: [] };
  writeFileSync(path, `${JSON.stringify(thing)}\n`);
  const disk = memoryJournal();
  const commitless = {
    ...disk,
    append: async (file: string, lines: readonly unknown[]) => {
      if (file === 'commits.jsonl') throw new Error('died');
      await disk.append(file, lines);
    },
  };
  await expect(rowsOf(folder, 'json', commitless)).rejects.toThrow('died');
  writeFileSync(path, `${JSON.stringify({ ...thing, name: 'longer' })}\n`);
  await expect(rowsOf(folder, 'json', disk)).rejects.toThrow(/BIFOLD_FILE_CHANGED/);
});

it.each([
  ['gs://bucket/folder', /BIFOLD_FILES_ELSEWHERE/],
  ['file:///folder', /BIFOLD_FILES_ELSEWHERE/],
  ['/nowhere/at/all', /BIFOLD_FOLDER_MISSING/],
])('%s is refused', async (path, told) => {
  await expect(async () => rowsOf(path, 'csv')).rejects.toThrow(told);
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joined } from 'node:path';
import { calendar, count, dropLate, field, items, running, split } from '@bifold/core';
import { afterAll, expect, it } from '@jest/globals';
import * as z from 'zod';
import { availableNow, console, defineStream, files, join } from './index.ts';
import { memoryJournal, shownBy, writeFiles } from './stream.fixture.ts';

const Line = z.object({ at: z.iso.datetime(), text: z.string().nullable(), tags: z.array(z.string()) });
const root = mkdtempSync(joined(tmpdir(), 'bifold-transform-'));
const folder = joined(root, 'lines');
afterAll(() => rmSync(root, { recursive: true }));
writeFiles(folder, [
  [
    { at: '2024-03-31T00:30:00Z', text: 'to be or  not to be', tags: ['play', 'prince'] },
    { at: '2024-03-31T22:30:00Z', text: 'Be', tags: [] },
    { at: '2024-03-31T23:30:00Z', text: null, tags: ['play'] },
    // A lone surrogate is not text: engines could not distinguish it from others.
    { at: '2024-03-31T23:30:00Z', text: 'be', tags: ['\ud800'] },
  ],
]);
const from = files({ path: folder, format: 'json', schema: Line });
const rest = { trigger: availableNow(), sinks: [console()] } as const;

it('counts the words that a flatMap gives', async () => {
  const stream = defineStream({
    name: 'words',
    from,
    flatMap: { word: split(field('text').lower(), ' ') },
    eventTime: 'at',
    groupBy: ['word'],
    windows: { ever: running() },
    aggregates: { n: count() },
    outputMode: 'complete',
    ...rest,
  });
  const [batch] = await shownBy(stream);
  expect(batch?.rows).toEqual([
    ['be', 4],
    ['not', 1],
    ['or', 1],
    ['to', 2],
  ]);
});

it('gives a row for each item, beside what the row had, and sets aside what holds no items', async () => {
  const stream = defineStream({
    name: 'tags',
    from,
    flatMap: { tag: items('tags') },
    derive: { long: field('tag').length().gt(4) },
    where: field('tag').ne('prince').or(field('text').isNull()),
    ...rest,
  });
  const [batch] = await shownBy(stream);
  expect(stream.output.map(({ name }) => name)).toEqual(['at', 'text', 'tags', 'tag', 'long']);
  expect(batch?.rows.map((row) => row.slice(3))).toEqual([
    ['play', false],
    ['play', false],
  ]);
});

it('gives a calendar day once the watermark has passed its local midnight', async () => {
  const stream = defineStream({
    name: 'days',
    from,
    flatMap: { word: split('text', ' ') },
    derive: { known: field('word').isNotNull() },
    eventTime: 'at',
    dropLate: dropLate('1h'),
    groupBy: ['known'],
    windows: { day: calendar('day', { zone: 'Europe/Berlin' }) },
    aggregates: { words: count() },
    outputMode: 'append',
    ...rest,
  });
  const batches = await shownBy(stream);
  // The day after it is not over yet.
  expect(batches.flatMap(({ rows }) => rows)).toEqual([
    [Date.parse('2024-03-30T23:00:00Z'), Date.parse('2024-03-31T22:00:00Z'), true, 6],
  ]);
});

it('refuses a flatMap of joined rows', () => {
  const side = { from, eventTime: 'at', dropLate: dropLate('1h') } as const;
  const both = join({ left: side, as: 'other', right: { ...side }, on: { text: 'text' }, within: { before: '1h' } });
  expect(() => defineStream({ name: 'pairs', from: both, flatMap: { tag: items('tags') }, ...rest })).toThrow(
    /BIFOLD_BAD_FLAT_MAP/,
  );
});

const Reading = z.object({ n: z.int().nullable() });

it('passes rows on whose condition is true, not unknown; another condition is another stream', async () => {
  const readings = joined(root, 'readings');
  writeFiles(readings, [[{ n: 1 }, { n: 5 }, { n: null }, { n: 7 }]]);
  const above = (least: number) =>
    defineStream({
      name: 'condition',
      from: files({ path: readings, format: 'json', schema: Reading }),
      derive: { big: field('n').gt(6) },
      where: field('n').gt(least),
      trigger: availableNow(),
      sinks: [console()],
    });
  const journal = memoryJournal();
  const [batch] = await shownBy(above(4), journal);
  expect(batch?.rows).toEqual([
    [5, false],
    [7, true],
  ]);
  await expect(shownBy(above(5), journal)).rejects.toThrow(/BIFOLD_CHECKPOINT_OF_ANOTHER_DEFINITION/);
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joined } from 'node:path';
import { calendar, count, field, items, running, split } from '@bifold/core';
import { availableNow, console, defineStream, files, join } from '@bifold/streams';
import { afterAll, expect, it } from '@jest/globals';
import * as z from 'zod';
import { shownBy, writeFiles } from './world.ts';

const Line = z.object({ at: z.iso.datetime(), text: z.string().nullable(), tags: z.array(z.string()) });
const folder = mkdtempSync(joined(tmpdir(), 'bifold-flat-map-'));
afterAll(() => rmSync(folder, { recursive: true }));
writeFiles(folder, [
  [
    { at: '2024-03-31T00:30:00Z', text: 'to be or  not to be', tags: ['play', 'prince'] },
    { at: '2024-03-31T22:30:00Z', text: 'Be', tags: [] },
    { at: '2024-03-31T23:30:00Z', text: null, tags: ['play'] },
    // Half a character is no text: it could not be told from others.
    { at: '2024-03-31T23:30:00Z', text: 'be', tags: ['\ud800'] },
  ],
]);
const from = files({ path: folder, format: 'json', schema: Line });
const rest = { trigger: availableNow(), sinks: [console()] } as const;

it('counts words', async () => {
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

it('cuts days where clocks do: windows that are over are given when the watermark has passed their local midnight', async () => {
  const stream = defineStream({
    name: 'days',
    from,
    flatMap: { word: split('text', ' ') },
    derive: { known: field('word').isNotNull() },
    eventTime: 'at',
    watermark: '1h',
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

it('is refused of joined rows', () => {
  const side = { from, eventTime: 'at', watermark: '1h' } as const;
  const both = join({ left: side, right: { as: 'other', ...side }, on: { text: 'text' }, within: { before: '1h' } });
  expect(() => defineStream({ name: 'pairs', from: both, flatMap: { tag: items('tags') }, ...rest })).toThrow(
    /BIFOLD_BAD_FLAT_MAP/,
  );
});

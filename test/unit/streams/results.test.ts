import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { any, collect, first, histogram, last, maxBy, quantile, running, sum, topK, variance } from '@bifold/core';
import { range } from '@bifold/pipelines';
import { availableNow, console, defineStream, files } from '@bifold/streams';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import * as z from 'zod';
import { memoryJournal, shownBy, writeFiles } from './world.ts';

const Event = z.object({
  at: z.int(),
  key: z.string(),
  v: z.int(),
  word: z.string(),
  ok: z.boolean(),
  price: z.templateLiteral([z.number()]).meta({ format: 'decimal' }),
  seen: z.iso.datetime(),
});

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'bifold-results-'));
});
afterAll(() => rmSync(root, { recursive: true }));

it('results that are no numbers have columns of their own types, and events of one time the order in which they were read', async () => {
  const event = { at: 1, key: 'k', v: 1, word: 'a', ok: false, price: '0.10', seen: '2026-01-01T00:00:00Z' };
  const batches = [
    [event, { ...event, v: 4, word: 'b', price: '0.20' }],
    [{ ...event, v: 2, word: 'c' }],
    [{ ...event, at: 0, v: 9 }],
  ];
  writeFiles(root, batches);
  const stream = defineStream({
    name: 'results',
    from: files({ path: root, format: 'json', schema: Event, maxFilesPerTrigger: 1 }),
    eventTime: { field: 'at', unit: 's' },
    groupBy: ['key'],
    windows: { ever: running() },
    aggregates: {
      ...{ firstWord: first('word'), lastWord: last('word'), lastSeen: last('seen'), top: topK('word', 1) },
      ...{ some: collect('v', 3), spans: histogram('v', [2, 4]), dearest: maxBy('v', 'price'), paid: sum('price') },
      ...{ isOk: any('ok'), median: quantile('v', 0.5), spread: variance('v'), far: range('v') },
    },
    trigger: availableNow(),
    sinks: [console()],
    outputMode: 'complete',
  });
  expect(Object.fromEntries(stream.output.map(({ name, type }) => [name, type]))).toEqual({
    ...{ key: 'text', firstWord: 'text', lastWord: 'text', lastSeen: 'text', top: 'json', some: 'json', spans: 'json' },
    ...{ dearest: 'integer', paid: 'decimal', isOk: 'boolean', median: 'double', spread: 'double', far: 'double' },
  });
  const shown = await shownBy(stream, memoryJournal());
  const rows = shown.map(({ columns, rows: [row] }) =>
    Object.fromEntries(columns.map(({ name }, index) => [name, row?.[index]])),
  );
  expect(rows.map(({ firstWord, lastWord, some }) => [firstWord, lastWord, some])).toEqual([
    ['a', 'b', '[1,4]'],
    ['a', 'c', '[1,4,2]'],
    ['a', 'c', '[9,1,4]'],
  ]);
  expect(rows.at(-1)).toMatchObject({
    ...{ lastSeen: '2026-01-01T00:00:00.000Z', top: '[{"count":2,"value":"a"}]', spans: '[1,1,2]', dearest: 4 },
    ...{ paid: '0.5', isOk: false, far: 8 },
  });
});

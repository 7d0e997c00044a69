import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dropDuplicates, dropLate } from '@bifold/core';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import * as z from 'zod';
import { MemoryTables, runStream } from '../engine.ts';
import { availableNow, defineStream, files, foreachBatch, memory } from '../index.ts';
import { memoryJournal, worldOf, writeFiles } from '../stream.fixture.ts';

const Event = z.object({ at: z.int(), id: z.string() });

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bifold-duplicates-'));
  writeFiles(folder, [
    [
      { at: 10, id: 'a' },
      { at: 11, id: 'a' },
      { at: 12, id: 'b' },
    ],
    [
      { at: 12, id: 'b' },
      { at: 40, id: 'c' },
    ],
    // The watermark is 30 from the next batch on: what is not above it is late by then.
    [
      { at: 12, id: 'b' },
      { at: 31, id: 'a' },
    ],
    [
      { at: 30, id: 'd' },
      { at: 31, id: 'a' },
      { at: 41, id: 'c' },
    ],
  ]);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function passed(lateness: '10s' | null) {
  const rows: string[] = [];
  const counts: number[] = [];
  const stream = defineStream({
    name: 'duplicates',
    from: files({ path: folder, format: 'json', schema: Event, maxFilesPerTrigger: 1 }),
    eventTime: { field: 'at', unit: 's' },
    ...(lateness === null ? {} : { dropLate: dropLate(lateness) }),
    dropDuplicates: dropDuplicates(['id']),
    trigger: availableNow(),
    sinks: [foreachBatch<Event>((batch) => void rows.push(...batch.map(({ at, id }) => `${id}${at}`))), memory('t')],
  });
  const tables = new MemoryTables();
  const { ports } = worldOf();
  const { signal } = new AbortController();
  const onBatch = ({ late, duplicates }: { late: number; duplicates: number }) => counts.push(duplicates, late);
  await runStream(stream, { journal: memoryJournal(), ports, signal, tables, onBatch });
  return { rows, counts, kept: await tables.query('SELECT count(*) AS n FROM t') };
}
type Event = z.infer<typeof Event>;

it('without a watermark a key passes once for ever', async () => {
  expect(await passed(null)).toEqual({
    rows: ['a10', 'b12', 'c40', 'd30'],
    counts: [1, 0, 1, 0, 2, 0, 2, 0],
    kept: [{ n: 4n }],
  });
});

it('with a watermark keys are forgotten, and what could be a duplicate of them is late', async () => {
  // Batch 2 still judges lateness by the watermark of batch 1: none. It forgets a (20) and b (22)
  // at its end, so a31 passes in batch 3.
  expect(await passed('10s')).toEqual({
    rows: ['a10', 'b12', 'c40', 'a31'],
    counts: [1, 0, 1, 0, 2, 0, 1, 1],
    kept: [{ n: 4n }],
  });
});

/**
 * A stream joined with a table: each batch joins the version that was current when it was planned,
 * also when it runs again.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryDatabase } from '@bifold/adapters/memory';
import { lookup, table } from '@bifold/core';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import * as z from 'zod';
import { runStream } from '../engine.ts';
import { availableNow, defineStream, files, foreachBatch } from '../index.ts';
import { memoryJournal, worldOf, writeFiles } from '../stream.fixture.ts';

const Showing = z.object({ film: z.string(), seats: z.int() });
const films = table('films', { schema: z.object({ id: z.string(), title: z.string() }), key: 'id' });

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bifold-lookups-'));
  writeFiles(folder, [
    [
      { film: 'a', seats: 1 },
      { film: 'b', seats: 2 },
    ],
    [{ film: 'a', seats: 3 }],
  ]);
});
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  ['null', ['a 1 Alien', 'b 2 null', 'a 3 Aliens', 'a 3 Aliens']],
  ['drop', ['a 1 Alien', 'a 3 Aliens', 'a 3 Aliens']],
] as const)('what the table lacks is %s', async (missing, wanted) => {
  const store = memoryDatabase().lookupStore();
  await store.load('films', 'v1', new Map([['a', { id: 'a', title: 'Alien' }]]));
  const journal = memoryJournal();
  const seen: string[] = [];
  let dies = true;
  const stream = defineStream({
    name: 'showings',
    from: files({ path: folder, format: 'json', schema: Showing, maxFilesPerTrigger: 1 }),
    lookups: { of: lookup(films, { on: 'film', missing }) },
    trigger: availableNow(),
    sinks: [
      foreachBatch<{ film: string; seats: number }>(async (rows, { batch }) => {
        for (const row of rows)
          seen.push(`${row.film} ${row.seats} ${(row as unknown as { of_title: string }).of_title}`);
        if (batch === 0) await store.load('films', 'v2', new Map([['a', { id: 'a', title: 'Aliens' }]]));
        if (batch === 1 && dies) throw new Error('died');
      }),
    ],
  });
  const ports = { ...worldOf().ports, lookups: async () => store };
  const { signal } = new AbortController();
  await expect(runStream(stream, { journal, ports, signal })).rejects.toThrow('died');
  dies = false;
  await store.load('films', 'v3', new Map([['a', { id: 'a', title: 'Alien 3' }]]));
  await runStream(stream, { journal, ports, signal });
  expect(seen).toEqual(wanted);
});

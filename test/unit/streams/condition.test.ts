import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { field } from '@bifold/core';
import { availableNow, console, defineStream, files } from '@bifold/streams';
import { expect, it } from '@jest/globals';
import * as z from 'zod';
import { memoryJournal, shownBy, writeFiles } from './world.ts';

const Reading = z.object({ n: z.int().nullable() });

it('rows go on for which the condition is true, not for which it is unknown; another condition is another stream', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bifold-condition-'));
  writeFiles(folder, [[{ n: 1 }, { n: 5 }, { n: null }, { n: 7 }]]);
  const above = (least: number) =>
    defineStream({
      name: 'condition',
      from: files({ path: folder, format: 'json', schema: Reading }),
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
  rmSync(folder, { recursive: true });
});

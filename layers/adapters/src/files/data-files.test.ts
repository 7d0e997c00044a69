import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { filesBelow, isHidden } from './data-files.ts';

it('lists the files of a folder and its subfolders, without the folders', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bifold-below-'));
  try {
    mkdirSync(join(folder, 'b', 'c'), { recursive: true });
    for (const file of ['z.csv', 'b/c/y.csv', 'b/x.csv']) writeFileSync(join(folder, file), '');
    expect(await filesBelow(folder)).toEqual(['b/c/y.csv', 'b/x.csv', 'z.csv']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it.each([
  ['a.csv', false],
  ['day=1/a.csv', false],
  ['_day=1/a.csv', false],
  ['', false],
  ['_a.csv', true],
  ['_a=1.csv', true],
  ['.a.csv', true],
  ['_bifold/a.csv', true],
  ['.day=1/a.csv', true],
])('the file "%s" is hidden: %s', (path, hidden) => {
  expect(isHidden(path)).toBe(hidden);
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cloudPaths } from '@bifold/cloud';
import { category, numeric } from '@bifold/models';
import { afterAll } from '@jest/globals';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
export const paths = cloudPaths({ root });

/** A folder that is deleted after the tests of a file. */
export function folderWhileTesting(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `bifold-${name}-test-`));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A number in [0, 1) for row `i`, another one for each salt. */
export const share = (salt: number): string => `hash(i * 31 + ${salt}) % 100000 / 100000.0::DOUBLE`;

/** The target `t` without further terms: it depends on two numbers, a category and noise. */
export const TARGET = `3 * coalesce(x, 1) - y * y / 7 + CASE colour WHEN 'red' THEN 4 WHEN 'größe' THEN -2 ELSE 0 END + noise`;

/** The columns of `FEATURES`, with nulls in some of them, and the noise of the target. */
export const COLUMNS = `
  CASE WHEN ${share(0)} < 0.05 THEN NULL ELSE ${share(1)} * 10 END AS x, ${share(2)} * 10 - 5 AS y,
  CASE WHEN ${share(5)} < 0.07 THEN NULL ELSE ['red', 'green', 'größe'][1 + (hash(i * 7) % 3)::INT] END AS colour,
  (hash(i * 11) % 4)::BIGINT AS size, hash(i * 13) % 2 = 0 AS flag, ${share(6)} - 0.5 AS noise`;

export const FEATURES = [
  'x',
  numeric('y', { impute: 'mean' }),
  'colour',
  category('size', { impute: 'mostFrequent' }),
  'flag',
] as const;

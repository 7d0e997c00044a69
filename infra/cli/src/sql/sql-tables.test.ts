import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckDb } from '@bifold/adapters/duckdb';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Context } from '../context.ts';
import { sqlResult } from './sql-result.ts';
import { broughtFiles } from './sql-tables.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bifold-sql-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

it('reads a local folder after FROM as a table, with its name=value folders as columns', async () => {
  const database = await openDuckDb();
  for (const day of ['2026-01-01', '2026-01-02']) {
    mkdirSync(join(folder, `day=${day}`));
    await database.writeParquet(
      join(folder, `day=${day}`, 'rows.parquet'),
      [{ name: 'n', type: 'BIGINT' }],
      [[[1, 2]]],
    );
  }
  const query = `SELECT day, sum(n) AS "2", count(*) AS "1" FROM '${folder}' GROUP BY ALL ORDER BY day`;
  const result = await sqlResult(database, await broughtFiles({} as Context, query, []));
  database.close();
  expect(result).toEqual({
    columns: ['day', '2', '1'],
    rows: [
      ['2026-01-01', 3, 2],
      ['2026-01-02', 3, 2],
    ],
  });
});

it('leaves texts of a query as they are, also those that name a folder', async () => {
  const query = `SELECT '${folder}' AS path, 'it''s' AS text FROM 'rows.csv'`;
  expect(await broughtFiles({} as Context, query, [])).toBe(query);
});

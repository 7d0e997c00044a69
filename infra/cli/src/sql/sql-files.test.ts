import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckDb } from '@bifold/adapters/duckdb';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Context } from '../context.ts';
import { broughtFiles } from './sql-files.ts';
import { sqlResult } from './sql-result.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bifold-o'clock-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const quotedPath = (...path: string[]) => `'${join(folder, ...path).replaceAll("'", "''")}'`;

/** A query without remote files needs no services. */
const brought = (query: string) => broughtFiles({} as Context, query, []);

describe('a folder of this machine in a query', () => {
  it('is a table of its Parquet files, with a column for its partitions', async () => {
    const database = await openDuckDb({ threads: 1 });
    try {
      for (const [path, file, id] of [
        ['date=2020-01-02', 'x.parquet', 1],
        ['date=2020-01-03', 'X.PARQUET', 2],
        ['_bifold/aside', 'x.parquet', 3],
      ] as const) {
        mkdirSync(join(folder, path), { recursive: true });
        await database.run(`COPY (SELECT ${id} AS id) TO ${quotedPath(path, file)} (FORMAT parquet)`);
      }
      writeFileSync(join(folder, 'notes.txt'), 'no table');
      const sql = `SELECT id, date::VARCHAR AS date FROM ${quotedPath()} JOIN${quotedPath()} AS other USING (id, date) ORDER BY id`;
      expect(await database.rows(await brought(sql))).toEqual([
        { id: 1, date: '2020-01-02' },
        { id: 2, date: '2020-01-03' },
      ]);
    } finally {
      database.close();
    }
  });

  it('gives columns and rows in the order of the query', async () => {
    const database = await openDuckDb();
    for (const day of ['2026-01-01', '2026-01-02']) {
      mkdirSync(join(folder, `day=${day}`));
      await database.writeParquet(
        join(folder, `day=${day}`, 'rows.parquet'),
        [{ name: 'n', type: 'BIGINT' }],
        [[[1, 2]]],
      );
    }
    const query = `SELECT day, sum(n) AS "2", count(*) AS "1" FROM ${quotedPath()} GROUP BY ALL ORDER BY day`;
    const result = await sqlResult(database, await brought(query));
    database.close();
    expect(result).toEqual({
      columns: ['day', '2', '1'],
      rows: [
        ['2026-01-01', 3, 2],
        ['2026-01-02', 3, 2],
      ],
    });
  });

  it('without Parquet files is refused', async () => {
    mkdirSync(join(folder, 'empty'));
    await expect(brought(`SELECT * FROM ${quotedPath('empty')}`)).rejects.toThrow(/BIFOLD_NO_FILES/);
  });

  it('leaves files, patterns and other texts alone, also those that name a folder', async () => {
    for (const sql of [
      "SELECT * FROM 'a.csv' JOIN 'b.csv' USING (x)",
      `SELECT ${quotedPath()} FROM 'nowhere/*.parquet'`,
      `SELECT ${quotedPath()} AS path, 'it''s' AS text FROM 'rows.csv'`,
    ])
      expect(await brought(sql)).toBe(sql);
  });
});

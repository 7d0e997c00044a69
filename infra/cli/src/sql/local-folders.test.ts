import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckDb } from '@bifold/adapters/duckdb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { withLocalFolders } from './local-folders.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bifold-o'clock-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const quotedFolder = () => `'${folder.replaceAll("'", "''")}'`;

describe('a folder of this machine in a query', () => {
  it('is a table of its Parquet files, with a column for its partitions', async () => {
    const database = await openDuckDb({ threads: 1 });
    try {
      for (const [path, id] of [
        ['date=2020-01-02', 1],
        ['date=2020-01-03', 2],
        ['_bifold/aside', 3],
      ] as const) {
        mkdirSync(join(folder, path), { recursive: true });
        const file = join(folder, path, 'x.parquet').replaceAll("'", "''");
        await database.run(`COPY (SELECT ${id} AS id) TO '${file}' (FORMAT parquet)`);
      }
      writeFileSync(join(folder, 'notes.txt'), 'no table');
      const sql = `SELECT id, date::VARCHAR AS date FROM ${quotedFolder()} JOIN ${quotedFolder()} AS other USING (id, date) ORDER BY id`;
      expect(await database.rows(withLocalFolders(sql))).toEqual([
        { id: 1, date: '2020-01-02' },
        { id: 2, date: '2020-01-03' },
      ]);
    } finally {
      database.close();
    }
  });

  it('without Parquet files is refused', () => {
    mkdirSync(join(folder, 'empty'));
    expect(() => withLocalFolders(`SELECT * FROM '${join(folder, 'empty').replaceAll("'", "''")}'`)).toThrow(
      /BIFOLD_NO_FILES/,
    );
  });

  it('leaves files, patterns, addresses and other texts alone', () => {
    for (const sql of [
      "SELECT * FROM 'a.csv' JOIN 's3://bucket/folder' USING (x)",
      `SELECT ${quotedFolder()} FROM 'nowhere/*.parquet'`,
    ])
      expect(withLocalFolders(sql)).toBe(sql);
  });
});

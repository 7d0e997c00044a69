import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { openDuckDb } from '@bifold/adapters/duckdb';
import { copyRows, formatOfKind } from '@bifold/adapters/formats';
import { columnsOf, optionalFieldsOf } from '@bifold/core/engine';
import { expect, it } from '@jest/globals';
import * as z from 'zod';
import { recordsOfFiles, type SourceOptions } from './record-source.ts';

const Sale = z.object({
  at: z.iso.datetime(),
  shop: z.string().nullable(),
  quantity: z.int().optional(),
  note: z.string().nullish(),
});
const UNTYPED: SourceOptions = {
  format: null,
  fallback: 'json',
  isJsonNeeded: false,
  columns: null,
  optional: new Set(),
  keyField: null,
  needsKey: false,
  keySeparator: null,
  reading: {},
  isRaw: false,
  headers: {},
  limit: null,
};
const TYPED: SourceOptions = {
  ...UNTYPED,
  isJsonNeeded: true,
  columns: columnsOf('sales', Sale),
  optional: optionalFieldsOf('sales', Sale),
};

/** The values of the records that a file gives; a file that is not of this machine is read once. */
async function valuesOf(name: string, content: string | Buffer, options: SourceOptions): Promise<readonly string[]> {
  let isOpened = false;
  const open = async () => {
    if (isOpened) throw new Error('opened twice');
    isOpened = true;
    return Readable.from([Buffer.from(content)]);
  };
  const values: string[] = [];
  for await (const { value } of recordsOfFiles([{ name, address: `/${name}`, path: null, open }], options))
    values.push(String(value));
  return values;
}

async function parquetOf(query: string): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'bifold-source-'));
  const database = await openDuckDb();
  try {
    const path = join(folder, 'rows.parquet');
    await copyRows(database, query, path, formatOfKind('parquet'));
    return readFileSync(path);
  } finally {
    database.close();
    rmSync(folder, { recursive: true });
  }
}

it.each([
  ['sales.csv', 'at,shop,quantity,note\n2026-01-01T00:00:00Z,NA,NA,NA\n2026-01-01T00:00:01Z,x,2,y\n'],
  ['sales.tsv', 'at\tshop\tquantity\tnote\n2026-01-01T00:00:00Z\tNA\tNA\tNA\n2026-01-01T00:00:01Z\tx\t2\ty\n'],
])('records of %s fit the schema of a pipeline: an optional field without a value is left out', async (name, text) => {
  const records = (await valuesOf(name, text, TYPED)).map((value) => JSON.parse(value));
  expect(records).toEqual([
    { at: '2026-01-01T00:00:00Z', shop: null },
    { at: '2026-01-01T00:00:01Z', shop: 'x', quantity: 2, note: 'y' },
  ]);
  for (const record of records) expect(Sale.safeParse(record).success).toBe(true);
});

it('records of Parquet fit the schema of a pipeline', async () => {
  const file = await parquetOf("SELECT TIMESTAMP '2026-01-01' AS at, NULL AS shop, 2::BIGINT AS quantity");
  const records = (await valuesOf('sales.parquet', file, TYPED)).map((value) => JSON.parse(value));
  expect(records).toEqual([{ at: '2026-01-01T00:00:00.000Z', shop: null, quantity: 2 }]);
});

it('records without a schema keep the digits of their numbers, from CSV as from Parquet', async () => {
  expect(await valuesOf('rows.csv', 'id,zip,x\n1,007,1.0\n2,12,\n', UNTYPED)).toEqual([
    '{"id":1,"zip":"007","x":1.0}',
    '{"id":2,"zip":"12","x":null}',
  ]);
  const file = await parquetOf('SELECT 9007199254740993 AS id, 1::DOUBLE AS x');
  expect(await valuesOf('rows.parquet', file, UNTYPED)).toEqual(['{"id":9007199254740993,"x":1.0}']);
});

it.each([
  ['with a schema', TYPED, 'at,shop\n2026-01-01T00:00:00Z\n'],
  ['without a schema', UNTYPED, 'at,shop\n2026-01-01T00:00:00Z\n'],
])('a row of another length is refused with its line, %s', async (_, options, text) => {
  await expect(valuesOf('sales.csv', text, options)).rejects.toMatchObject({
    code: 'BIFOLD_BAD_CELL',
    message: expect.stringMatching(/line 2 of sales\.csv is no record: 1 cells/),
  });
});

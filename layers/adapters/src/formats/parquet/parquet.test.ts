import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CellType, TypedColumn } from '../columns/cell-types.ts';
import { digitsOf, parseExactly } from '../columns/exact-json.ts';
import { type CheckedRow, type Fields, isBad, localInput } from '../file-format.ts';
import { tables } from '../tables.fixture.ts';
import { withDuckDb } from '../tables.ts';
import { inferRows } from '../typed-rows.ts';
import { writeRows } from '../write-rows.ts';
import { parquet } from './parquet.ts';

const folder = mkdtempSync(join(tmpdir(), 'bifold-parquet-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newFile = (): string => join(folder, `${files++}.parquet`);

const column = (name: string, type: CellType, nullable = false): TypedColumn => ({ name, type, nullable });

async function write(columns: readonly TypedColumn[], rows: readonly Fields[], path = newFile()): Promise<string> {
  const checked = async function* (): AsyncGenerator<CheckedRow> {
    for (const fields of rows) yield { fields, cells: [] };
  };
  await writeRows(parquet, path, columns, checked());
  return path;
}

/** A file that DuckDB writes of a query. */
async function select(sql: string, path = newFile()): Promise<string> {
  await withDuckDb((database) => database.run(`COPY (${sql}) TO '${path}' (FORMAT parquet)`));
  return path;
}

/** The types of a file's columns, and its values as JSON text. */
async function read(path: string) {
  const { columns, open } = await inferRows(parquet, localInput(path), { nullTexts: [''] });
  const rows: string[][] = [];
  for await (const batch of (await open()).batches)
    for (const row of batch) {
      if (isBad(row)) throw new Error(row.reason);
      const fields = row.content as Fields;
      rows.push(columns.map(({ name }) => digitsOf(fields[name]) ?? JSON.stringify(fields[name])));
    }
  return { columns: columns.map(({ name, type, nullable }) => [name, nullable ? `${type}?` : type]), rows };
}

describe('values of Parquet', () => {
  it.each([
    ['18446744073709551615::UBIGINT', 'decimal', '18446744073709551615'],
    ['9007199254740993', 'decimal', '9007199254740993'],
    ['(-5)::TINYINT', 'integer', '-5'],
    ['7::BIGINT', 'integer', '7'],
    ['1.50::DECIMAL(38, 2)', 'decimal', '1.50'],
    ['0.1::FLOAT', 'float', '0.10000000149011612'],
    ['1::DOUBLE', 'float', '1.0'],
    ["'-0'::DOUBLE", 'float', '-0.0'],
    ["'NaN'::DOUBLE", 'float', '"NaN"'],
    ["'-inf'::DOUBLE", 'float', '"-Infinity"'],
    ["DATE '2020-07-01'", 'date', '"2020-07-01"'],
    ["DATE '20000-01-01'", 'text', '"+020000-01-01"'],
    ["TIMESTAMP '2020-07-01 12:00:00.5'", 'timestamp', '"2020-07-01T12:00:00.500000Z"'],
    ["TIMESTAMPTZ '1969-12-31 23:59:59.999999+00'", 'timestamp', '"1969-12-31T23:59:59.999999Z"'],
    ["'2020-01-01 00:00:00.123456789'::TIMESTAMP_NS", 'timestamp', '"2020-01-01T00:00:00.123456789Z"'],
    ["TIME '12:30:01.0005'", 'text', '"12:30:01.000500"'],
    ["INTERVAL '14 months 3 days 500 milliseconds'", 'text', '"P14M3DT0.500000S"'],
    ["'\\xFFa'::BLOB", 'text', '"/2E="'],
    ["'2020e8e6-4ba5-4bd9-a8c9-1d4b5d3a7a21'::UUID", 'text', '"2020e8e6-4ba5-4bd9-a8c9-1d4b5d3a7a21"'],
    ["'b'::ENUM ('a', 'b')", 'text', '"b"'],
    ["'\ufeffx' || chr(0)", 'text', '"\ufeffx\\u0000"'],
    ['[1.50::DECIMAL(3, 2), 12345678901234567890]', 'json', '[1.50,12345678901234567890.00]'],
    ["{'k': 1.50::DECIMAL(3, 2), 'at': DATE '2020-01-01'}", 'json', '{"k":1.50,"at":"2020-01-01"}'],
    ["map(['k'], [9007199254740993])", 'json', '{"k":9007199254740993}'],
    ['\'{"a":1.50}\'::JSON', 'json', '{"a":1.50}'],
  ])('%s is %s', async (sql, type, json) => {
    expect(await read(await select(`SELECT ${sql} AS v`))).toEqual({ columns: [['v', type]], rows: [[json]] });
  });

  it('have the nullability of their column, and the types of a file without rows', async () => {
    const sql = "SELECT 1 AS a, 'x' AS b, DATE '2020-01-01' AS c, 1.5::DECIMAL(4, 2) AS d";
    expect((await read(await select(`${sql} UNION ALL SELECT 2, NULL, NULL, 2.5`))).columns).toEqual([
      ['a', 'integer'],
      ['b', 'text?'],
      ['c', 'date?'],
      ['d', 'decimal'],
    ]);
    const { columns, rows } = await read(await select(`SELECT * FROM (${sql}) WHERE a > 1`));
    expect([columns.map(([, type]) => type), rows]).toEqual([['integer?', 'text?', 'date?', 'decimal?'], []]);
  });

  it('are not those of the folder names above the file', async () => {
    mkdirSync(join(folder, 'date=2020-01-02'));
    const path = await select('SELECT 1 AS a', join(folder, 'date=2020-01-02', 'x[1]*.parquet'));
    expect((await read(path)).columns).toEqual([['a', 'integer']]);
  });
});

describe('a Parquet file that is written', () => {
  const typesOf = (path: string) =>
    withDuckDb((database) => database.rows(`SELECT column_type AS t FROM (DESCRIBE SELECT * FROM '${path}')`));

  it('has the least types that hold its columns', async () => {
    const columns = [
      column('i', 'integer'),
      column('d', 'decimal'),
      column('at', 'timestamp'),
      column('ns', 'timestamp'),
      column('far', 'timestamp'),
    ];
    const rows = ['12345678901234567890', '0.125'].map((digits, index) => ({
      i: -1,
      d: parseExactly(digits),
      at: '2020-01-01T00:00:00+02:00',
      ns: `2020-01-01T00:00:00.${index === 0 ? '5' : '123456789'}Z`,
      far: `${index === 0 ? '1600' : '2020'}-01-01T00:00:00.123456789Z`,
    }));
    const path = await write(columns, rows);
    expect((await typesOf(path)).map(({ t }) => t)).toEqual([
      'BIGINT',
      'DECIMAL(23,3)',
      'TIMESTAMP WITH TIME ZONE',
      'TIMESTAMP_NS',
      'VARCHAR',
    ]);
    expect((await read(path)).rows).toEqual([
      [
        '-1',
        '12345678901234567890.000',
        '"2019-12-31T22:00:00.000000Z"',
        '"2020-01-01T00:00:00.500000000Z"',
        '"1600-01-01T00:00:00.123456789Z"',
      ],
      [
        '-1',
        '0.125',
        '"2019-12-31T22:00:00.000000Z"',
        '"2020-01-01T00:00:00.123456789Z"',
        '"2020-01-01T00:00:00.123456789Z"',
      ],
    ]);
  });

  it.each([
    ['alike but for case', ['a', 'A'], /"a" and "A"/],
    ['empty', ['a', ''], /column 2/],
    ['half of a surrogate pair', ['\ud800'], /surrogate/],
  ])('is refused before it is there when a name is %s', async (_, names, message) => {
    const path = newFile();
    await expect(
      write(
        names.map((name) => column(name, 'text')),
        [],
        path,
      ),
    ).rejects.toMatchObject({
      code: 'BIFOLD_COLUMNS_UNWRITABLE',
      message: expect.stringMatching(message),
    });
    expect(readdirSync(folder).filter((file) => join(folder, file).startsWith(path))).toEqual([]);
  });

  it('holds no half of a surrogate pair, in text or JSON', () => {
    const unfit = parquet.unfit([column('t', 'text', true), column('j', 'json', true)]);
    expect(unfit({ fields: { t: 'ok', j: ['\\ud800'] }, cells: [] })).toBeNull();
    expect(unfit({ fields: { t: '\ud800', j: null }, cells: [] })).toMatch(/^"t" holds half/);
    expect(unfit({ fields: { t: null, j: ['\ud800'] }, cells: [] })).toMatch(/^"j" holds half/);
  });

  it('gives back every table', async () => {
    await fc.assert(
      fc.asyncProperty(tables, async ({ columns, rows }) => {
        const path = await write(
          columns,
          rows.map((values) => Object.fromEntries(columns.map(({ name }, index) => [name, values[index]]))),
        );
        const again = await read(path);
        expect(again.columns.map(([name]) => name)).toEqual(columns.map(({ name }) => name));
        const json = rows.map((values) => values.map((value) => digitsOf(value) ?? JSON.stringify(value)));
        expect(again.rows).toEqual(json);
        rmSync(path);
      }),
      { numRuns: 40 },
    );
  });
});

describe('a Parquet file that cannot be read', () => {
  const opened = async (path: string) => read(path);

  it('is refused when it is something else, cut off, or empty', async () => {
    const [other, cut, empty] = [newFile(), await select('SELECT range FROM range(1000)'), newFile()];
    writeFileSync(other, 'no Parquet, but long enough to be some');
    truncateSync(cut, 200);
    writeFileSync(empty, '');
    for (const path of [other, cut, empty])
      await expect(opened(path)).rejects.toMatchObject({ code: 'BIFOLD_PARQUET_UNREADABLE' });
  });

  it('is missing with the error of the file system', async () => {
    const path = newFile();
    await expect(opened(path)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(existsSync(path)).toBe(false);
  });
});

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Column, ColumnType } from '@bifold/core/engine';
import { afterAll, describe, expect, it } from '@jest/globals';
import { cellsWriter, type WrittenCells } from './columns/row-types.ts';
import { type FileFormat, isBad, localInput, type Rename, type RowInput } from './file-format.ts';
import { FORMAT_EXTENSIONS, FORMAT_KINDS, formatOfKind, formatOfName } from './formats.ts';
import { openSchemaRows } from './schema-rows.ts';
import { copyRows, withDuckDb } from './tables.ts';
import { inferRows, typedRows } from './typed-rows.ts';
import { writeRows } from './write-rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'bifold-formats-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const column = (name: string, type: ColumnType): Column => ({ name, type, nullable: true });
const OPTIONS = { nullTexts: ['NA', ''] };

async function recordsOf(
  input: RowInput,
  columns: readonly Column[],
  rename: Rename = {},
): Promise<readonly unknown[]> {
  const { batches } = await openSchemaRows(
    formatOfName(input.name) ?? formatOfKind('json'),
    input,
    { columns, optional: new Set() },
    { ...OPTIONS, rename },
  );
  const records: unknown[] = [];
  for await (const batch of batches)
    for (const row of batch) records.push(isBad(row) ? [row.line, row.problem] : row.content.record);
  return records;
}

function streamed(name: string, content: string | Buffer): RowInput {
  return { name, path: null, open: async () => Readable.from([Buffer.from(content)]) };
}

it('a format is found by its kind, and by each of its extensions in any case', () => {
  for (const kind of FORMAT_KINDS) {
    const format = formatOfKind(kind);
    for (const extension of format.extensions) expect(formatOfName(`a.b${extension.toUpperCase()}`)).toBe(format);
  }
  expect(formatOfName('rows.txt')).toBeNull();
});

it('no two formats have an extension in common', () => {
  expect(new Set(FORMAT_EXTENSIONS).size).toBe(FORMAT_EXTENSIONS.length);
});

it.each(FORMAT_EXTENSIONS)(
  'rows that are written to a file named %s and read again are the same, digits and nulls included',
  async (extension) => {
    const json =
      '{"id":1,"x":1.0,"t":"007","day":"2026-01-01","j":{"k":[1.5]}}\n{"id":2,"x":null,"t":"a,b","day":null,"j":[]}\n';
    const options = { nullTexts: ['NA'] };
    const { columns, open } = await inferRows(formatOfKind('json'), streamed('rows', json), options);
    const path = join(folder, `again${extension}`);
    const format = formatOfName(path) as FileFormat;
    const cellsOf = cellsWriter(columns, options);
    const rows = async function* () {
      for await (const row of typedRows(await open(), columns, options)) {
        if (isBad(row)) throw new Error(row.reason);
        yield { fields: row.content, ...(cellsOf(row.content) as WrittenCells) };
      }
    };
    await writeRows(format, path, columns, rows());
    const again = await inferRows(format, localInput(path), options);
    expect(again.columns).toEqual(columns);
    const lines: string[] = [];
    for await (const row of typedRows(await again.open(), columns, options))
      lines.push(isBad(row) ? row.reason : JSON.stringify(row.content));
    expect(`${lines.join('\n')}\n`).toBe(json);
  },
);

it('a file that cannot be written whole is not there', async () => {
  const path = join(folder, 'half.csv');
  const rows = async function* () {
    yield { fields: { a: 1 }, cells: ['1'] };
    throw new Error('the source is away');
  };
  const writing = writeRows(formatOfKind('csv'), path, [{ name: 'a', type: 'integer', nullable: false }], rows());
  await expect(writing).rejects.toThrow('the source is away');
  expect(existsSync(path)).toBe(false);
});

it('CSV of a table has the delimiter of its name, and the null text that it is given', async () => {
  const path = join(folder, 'table.tsv');
  await withDuckDb((database) =>
    copyRows(database, 'SELECT 1 AS a, NULL AS b', path, formatOfKind('csv'), { nullText: "it's NA" }),
  );
  expect(readFileSync(path, 'utf8')).toBe("a\tb\n1\tit's NA\n");
});

describe('lines of JSON', () => {
  it('end at a line feed alone, hold one object each, and are bad otherwise', async () => {
    const bytes = Buffer.concat([
      Buffer.from('{"a":"x\u2028y"}\r\n\n[1]\n{"a":\n{"a":"'),
      Buffer.of(0xff),
      Buffer.from('"}'),
    ]);
    expect(await recordsOf(streamed('rows.jsonl', bytes), [column('a', 'text')])).toEqual([
      { a: 'x\u2028y' },
      [3, 'not-an-object'],
      [4, 'unreadable'],
      [5, 'not-utf8'],
    ]);
  });
});

describe('JSON numbers under a schema', () => {
  const columns = [column('price', 'decimal'), column('x', 'double')];

  it('keep each digit in a decimal column, and are text where a double would round an integer', async () => {
    const lines = [
      '{"price":12345678901234567890.10,"x":0.1}',
      '{"price":1e2,"x":9007199254740993}',
      '{"price":"2.50","x":1e22}',
    ];
    expect(await recordsOf(streamed('rows.jsonl', lines.join('\n')), columns)).toEqual([
      { price: '12345678901234567890.10', x: 0.1 },
      { price: '100', x: '9007199254740993' },
      { price: '2.50', x: 1e22 },
    ]);
  });

  it('keep each digit also in a column that is renamed', async () => {
    const lines = '{"preis":12.10,"x":1}\n{"preis":3,"x":1152921504606846976}';
    expect(await recordsOf(streamed('rows.jsonl', lines), columns, { preis: 'price' })).toEqual([
      { price: '12.10', x: 1 },
      { price: '3', x: 2 ** 60 },
    ]);
  });
});

describe('Parquet under a schema', () => {
  const file = join(folder, 'values.parquet');
  const select = `SELECT 9007199254740993::BIGINT AS long, 7::BIGINT AS whole, 1.50::DECIMAL(10, 2) AS price,
    TIMESTAMP '2026-01-01 10:00:00.25' AS moment, DATE '2026-01-02' AS day, '[1]' AS texts, '"5"'::JSON AS json,
    NULL::INTEGER AS nothing, true AS other`;
  const columns = [
    column('long', 'double'),
    column('whole', 'integer'),
    column('price', 'decimal'),
    column('moment', 'timestamp'),
    column('day', 'timestamp'),
    column('texts', 'json'),
    column('json', 'json'),
    column('nothing', 'integer'),
    column('absent', 'text'),
  ];

  it('gives values as records of the wire have them, and text for what a double would round', async () => {
    await withDuckDb((database) => copyRows(database, select, file, formatOfKind('parquet')));
    const records = [
      {
        long: '9007199254740993',
        whole: 7,
        price: '1.50',
        moment: '2026-01-01T10:00:00.250Z',
        day: '2026-01-02T00:00:00.000Z',
        texts: [1],
        json: '5',
        nothing: null,
      },
    ];
    expect(await recordsOf(localInput(file), columns)).toEqual(records);
    // Parquet is read from its end: what is only streamed comes to a file first.
    expect(await recordsOf(streamed('values.parquet', readFileSync(file)), columns)).toEqual(records);
  });

  it('gives a date as text where the schema has text, and midnight where it has a time', async () => {
    const select = "SELECT DATE '2020-07-01' AS d, DATE '2020-07-01' AS at, TIMESTAMP '2020-07-01 12:00:00.5' AS t";
    const path = join(folder, 'dates.parquet');
    await withDuckDb((database) => copyRows(database, select, path, formatOfKind('parquet')));
    expect(
      await recordsOf(localInput(path), [column('d', 'text'), column('at', 'timestamp'), column('t', 'text')]),
    ).toEqual([{ d: '2020-07-01', at: '2020-07-01T00:00:00.000Z', t: '2020-07-01T12:00:00.500000Z' }]);
  });

  it('gives numbers that its type holds, and text for the others', async () => {
    const select = `SELECT 5::DECIMAL(18, 0) AS i, 'NaN'::DOUBLE AS x, 0.1::FLOAT AS f, 1.5::DOUBLE AS d,
      9007199254740993 AS t, 1152921504606846976::DOUBLE AS l`;
    const path = join(folder, 'numbers.parquet');
    await withDuckDb((database) => copyRows(database, select, path, formatOfKind('parquet')));
    const columns = [
      column('i', 'integer'),
      column('x', 'double'),
      column('f', 'double'),
      column('d', 'decimal'),
      column('t', 'integer'),
      column('l', 'double'),
    ];
    expect(await recordsOf(localInput(path), columns)).toEqual([
      { i: 5, x: 'NaN', f: 0.10000000149011612, d: '1.5', t: '9007199254740993', l: 2 ** 60 },
    ]);
  });

  it('is refused when it holds none of the columns', async () => {
    await expect(recordsOf(localInput(file), [column('absent', 'text')])).rejects.toMatchObject({
      code: 'BIFOLD_NO_SUCH_COLUMN',
    });
  });

  it('is refused when it is something else', async () => {
    const path = join(folder, 'text.parquet');
    writeFileSync(path, 'no Parquet');
    await expect(recordsOf(localInput(path), columns)).rejects.toMatchObject({ code: 'BIFOLD_PARQUET_UNREADABLE' });
  });
});

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { csvLine, type FormatKind, parseExactly, type TypedColumn } from '@bifold/adapters/formats';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as z from 'zod';
import { EXIT, exitStatusOf } from '../errors.ts';
import { convertRows, inferred } from './conversion.ts';
import { zodText } from './schema-text.ts';

const folder = mkdtempSync(join(tmpdir(), 'bifold-conversion-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;

/**
 * Converts a text, and gives back what came out, with the columns and the rows that were refused.
 */
async function converted(
  text: string | Buffer,
  format: FormatKind,
  to: FormatKind,
  { nullTexts = [''], sampleRows = Number.POSITIVE_INFINITY } = {},
) {
  const [path, output, rejectsFile] = ['in', 'out', 'bad'].map((name) => join(folder, `${name}-${files}`)) as [
    string,
    string,
    string,
  ];
  files++;
  writeFileSync(path, text);
  const { columns, open } = await inferred({ path, format, nullTexts }, sampleRows);
  const counts = await convertRows(await open(), columns, { output, to, nullTexts, rejectsFile });
  const bad = existsSync(rejectsFile) ? readFileSync(rejectsFile, 'utf8').trim().split('\n') : [];
  return {
    columns,
    ...counts,
    text: readFileSync(output, 'utf8'),
    bytes: readFileSync(output),
    rejects: bad.map((line) => JSON.parse(line) as { line: number; reason: string; row: string }),
  };
}

const types = (columns: readonly TypedColumn[]) =>
  Object.fromEntries(columns.map(({ name, type, nullable }) => [name, nullable ? `${type}?` : type]));

const cell = fc.oneof(
  fc.constantFrom(
    '',
    '0',
    '-0',
    '007',
    '+1',
    '.5',
    '1.0',
    '1e5',
    '-12.50',
    'true',
    'false',
    '2013-07-04',
    '2013-02-30',
  ),
  fc.constantFrom('2013-07-04T10:00:00Z', '2013-07-04T10:00Z', '{"a":[1,2.0]}', '{ "a": 1 }', '[]', '{"__proto__":1}'),
  fc.constantFrom(
    '12345678901234567890',
    'NaN',
    'a,b',
    '"quoted"',
    'two\nlines',
    ' spaced ',
    'ü日本',
    '\ufeff',
    'a\u2028b',
    'cr\rhere',
    'end\r',
  ),
  fc.integer().map(String),
  fc.double({ noNaN: true }).map(String),
  fc.string({ unit: 'grapheme' }),
);
const name = fc.oneof(
  fc.string({ minLength: 1, unit: 'grapheme' }),
  fc.constantFrom('2020', '7', 'constructor', 'toString', '__proto__', 'a.b', ' a '),
);

const table = fc.uniqueArray(name, { minLength: 1, maxLength: 5 }).chain((header) =>
  fc.record({
    header: fc.constant(header),
    rows: fc.array(fc.array(cell, { minLength: header.length, maxLength: header.length }), { minLength: 1 }),
  }),
);

describe('CSV to JSON and back', () => {
  it('is the identity, whatever the cells are', async () => {
    await fc.assert(
      fc.asyncProperty(table, async ({ header, rows }) => {
        const csv = [header, ...rows].map((cells) => csvLine(cells)).join('');
        const json = await converted(csv, 'csv', 'json');
        expect(json).toMatchObject({ rows: rows.length, bad: 0 });
        const back = await converted(json.text, 'json', 'csv');
        expect(back.text).toBe(csv);
      }),
      { numRuns: 300 },
    );
  });

  it('gives other programs the values that the cells say', async () => {
    const { text, columns } = await converted('id,zip,x,ok\n1,007,1.0,true\n2,12,2.5,\n', 'csv', 'json');
    expect(types(columns)).toEqual({ id: 'integer', zip: 'text', x: 'float', ok: 'boolean?' });
    expect(text).toBe('{"id":1,"zip":"007","x":1.0,"ok":true}\n{"id":2,"zip":"12","x":2.5,"ok":null}\n');
  });
});

describe('columns', () => {
  it('keep their order and their values, whatever their names are', async () => {
    const csv = 'country,2019,constructor,2020,__proto__,toString\nLaos,1,Ferrari,2,p,s\nMali,3,Lotus,4,q,t\n';
    const json = await converted(csv, 'csv', 'json');
    expect(json.text.split('\n')[0]).toBe(
      '{"country":"Laos","2019":1,"constructor":"Ferrari","2020":2,"__proto__":"p","toString":"s"}',
    );
    expect((await converted(json.text, 'json', 'csv')).text).toBe(csv);
  });
});

describe('inference', () => {
  it.each([
    [['1', '2', '-3'], 'integer'],
    [['1', '2.0'], 'float'],
    [['1.0', '2.0'], 'float'],
    [['007', '8'], 'text'],
    [['9007199254740993'], 'text'],
    [['true', 'FALSE'], 'boolean'],
    [['true', '1'], 'text'],
    [['2013-02-28', '2016-02-29'], 'date'],
    [['2013-02-29'], 'text'],
    [['2013-07-04T10:00:00Z', '2013-07-04T10:00:00.5-04:00'], 'timestamp'],
    [['2013-07-04T10:00:00'], 'text'],
    [['{"a":1}', '[1]'], 'json'],
    [['1', ''], 'integer?'],
    [['', ''], 'text?'],
  ])('%j is %s', async (cells, type) => {
    // A second column, so that a row of nothing is a row.
    const { columns } = await converted(`a,b\n${cells.map((each) => csvLine([each, 'x'])).join('')}`, 'csv', 'json');
    expect(types(columns).a).toBe(type);
  });

  it('takes several texts for null, and writes the first', async () => {
    const nulls = { nullTexts: ['NA', ''] };
    const { text, columns } = await converted('a,b\n1,NA\n,x\n', 'csv', 'json', nulls);
    expect(types(columns)).toEqual({ a: 'integer?', b: 'text?' });
    expect((await converted(text, 'json', 'csv', nulls)).text).toBe('a,b\n1,NA\nNA,x\n');
  });

  it('is shown as a zod schema that accepts the rows', async () => {
    const { columns, text } = await converted(
      'a,b c,__proto__,d,at,j\n1,x,1.5,2013-07-04,2013-07-04T10:00:00Z,"{""k"":1}"\n2,,2,2013-07-05,2013-07-04T10:00:00+02:00,[]\n',
      'csv',
      'json',
    );
    const code = zodText('my rows-1.csv', columns);
    expect(code).toContain('const MyRows1 = z.object({');
    const schema = new Function('z', `${code.replace(/^import.*$/m, '')}\nreturn MyRows1;`)(z) as z.ZodObject;
    for (const line of text.trim().split('\n')) expect(schema.safeParse(JSON.parse(line)).error).toBeUndefined();
    expect(schema.safeParse({ ...JSON.parse(text.split('\n')[0] as string), a: 1.5 }).success).toBe(false);
  });
});

describe('null', () => {
  it('and the texts that mean null stay apart, from CSV to JSON and back', async () => {
    const nulls = { nullTexts: ['', 'NA'] };
    const csv = 'id,t\n1,""\n2,\n3,"NA"\n4,null\n';
    const json = await converted(csv, 'csv', 'json', nulls);
    expect(json.text).toBe('{"id":1,"t":""}\n{"id":2,"t":null}\n{"id":3,"t":"NA"}\n{"id":4,"t":"null"}\n');
    expect((await converted(json.text, 'json', 'csv', nulls)).text).toBe(csv);
  });
});

describe('bad rows', () => {
  it('are rejected with line and reason, and the others are converted', async () => {
    const csv = 'a,b\n1,x\n2\n3,"two\nlines"\nq"w,e\n4,y\n';
    const { rows, bad, rejects, text } = await converted(csv, 'csv', 'json');
    expect({ rows, bad }).toEqual({ rows: 3, bad: 2 });
    expect(rejects).toEqual([
      { line: 3, reason: '1 cells, where the header has 2', row: '2' },
      { line: 6, reason: expect.stringContaining('a quote within a cell'), row: 'q"w,e' },
    ]);
    expect(text.split('\n')).toHaveLength(4);
  });

  it('are those that are not of the type that the first rows had', async () => {
    const { rows, rejects } = await converted('a\n1\n2\nx\n""\n', 'csv', 'json', { sampleRows: 2 });
    expect(rows).toBe(3);
    expect(rejects).toEqual([{ line: 4, reason: '"a" is "x", not integer or null', row: 'x' }]);
  });

  it('of JSON are lines that are no objects, and a null that would be an empty line', async () => {
    const json = '{"a":"x"}\n[1]\n{"a":""}\n{"a":\n{"a":null}\n';
    const { text, rejects } = await converted(json, 'json', 'csv');
    expect(text).toBe('a\nx\n""\n');
    expect(rejects.map(({ line }) => line)).toEqual([2, 4, 5]);
  });

  it('of CSV are those that hold half of a surrogate pair, which JSON lines keep', async () => {
    const json = '{"t":"\\ud800x","n":1}\n{"t":"ok","n":2}\n';
    expect((await converted(json, 'json', 'json')).text).toBe(json);
    const { text, rejects } = await converted(json, 'json', 'csv');
    expect(text).toBe('t,n\nok,2\n');
    expect(rejects).toEqual([{ line: 1, reason: expect.stringContaining('"t" holds half'), row: json.split('\n')[0] }]);
  });

  it('are those with a quote in the wrong place, and the next line is read', async () => {
    const { rows, rejects } = await converted('a,b\n1,"x"y\n2,z\n3,"w\n', 'csv', 'json');
    expect(rows).toBe(1);
    expect(rejects.map(({ line, row }) => [line, row])).toEqual([
      [2, '1,"x"y'],
      [4, '3,"w'],
    ]);
  });

  it('are none where a file has no header: it is refused, and nothing is written', async () => {
    const error = await converted('id;price\n1;2,50\n', 'csv', 'json').catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'BIFOLD_CSV_UNREADABLE' });
    expect(exitStatusOf(error)).toBe(EXIT.usage);
    expect(existsSync(join(folder, `out-${files - 1}`))).toBe(false);
  });
});

describe('numbers that no double holds', () => {
  it.each([
    ['integers', ['12345678901234567890', '9007199254740993', '1'], 'decimal'],
    ['identifiers that would become one', ['12345678901234567890', '12345678901234567891'], 'decimal'],
    ['an overflow', ['1e400', '2'], 'json'],
    ['NaN and the infinities beside doubles', ['"NaN"', '1.5', '"-Infinity"'], 'float'],
  ])('keep each digit through Parquet and CSV: %s', async (_, values, type) => {
    const json = values.map((value, index) => `{"x":${value},"n":${index}}\n`).join('');
    const parquet = await converted(json, 'json', 'parquet');
    expect(types(parquet.columns).x).toBe(type);
    expect((await converted(parquet.bytes, 'parquet', 'json')).text).toBe(json);
    const cells = values.map((value, index) => `${value.replaceAll('"', '')},${index}\n`).join('');
    expect((await converted(parquet.bytes, 'parquet', 'csv')).text).toBe(`x,n\n${cells}`);
    expect((await converted(json, 'json', 'csv')).text).toBe(`x,n\n${cells}`);
  });
});

describe('Parquet', () => {
  it('holds no half of a surrogate pair: the row is bad, the others are written', async () => {
    const json = '{"t":"\\ud800x","n":1}\n{"t":"ok","n":2}\n';
    const { bytes, rejects } = await converted(json, 'json', 'parquet');
    expect(rejects.map(({ line }) => line)).toEqual([1]);
    expect((await converted(bytes, 'parquet', 'json')).text).toBe('{"t":"ok","n":2}\n');
  });

  it('without rows keeps its columns in every format', async () => {
    const { bytes, rows } = await converted('a,b\n', 'csv', 'parquet');
    expect(rows).toBe(0);
    const csv = await converted(bytes, 'parquet', 'csv');
    expect([types(csv.columns), csv.text]).toEqual([{ a: 'text?', b: 'text?' }, 'a,b\n']);
    expect((await converted(bytes, 'parquet', 'json')).text).toBe('');
  });

  it('keeps nanoseconds', async () => {
    const csv = 'id,at\n1,2020-01-01T00:00:00.123456789Z\n2,2020-01-01T00:00:00.999999999Z\n';
    const { bytes, columns } = await converted(csv, 'csv', 'parquet');
    expect(types(columns)).toEqual({ id: 'integer', at: 'timestamp' });
    expect((await converted(bytes, 'parquet', 'csv')).text).toBe(csv);
  });

  it('gives back what it was given', async () => {
    const csv =
      'id,x,ok,day,at,j,t\n1,1.5,true,2013-07-04,2013-07-04T10:00:00.000000Z,"{""k"":[1]}",007\n2,,false,2013-07-05,2013-07-04T10:00:00.500000Z,[],\n';
    const json = await converted(csv, 'csv', 'json');
    const parquet = await converted(json.text, 'json', 'parquet');
    const { text: back } = await converted(parquet.bytes, 'parquet', 'json');
    expect(back.trim().split('\n').map(parseExactly)).toEqual(json.text.trim().split('\n').map(parseExactly));
  });
});

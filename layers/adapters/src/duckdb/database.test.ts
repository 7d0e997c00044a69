import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { InputError } from '../errors.ts';
import { type DuckDb, openDuckDb, type SqlColumn, type SqlInput } from './index.ts';

const COLUMNS: readonly SqlColumn[] = [
  { name: 'i', type: 'INTEGER' },
  { name: 'b', type: 'BIGINT' },
  { name: 'd', type: 'DOUBLE' },
  { name: 't', type: 'VARCHAR' },
  { name: 'o', type: 'BOOLEAN' },
  { name: 'x', type: 'BLOB' },
];

describe('DuckDB', () => {
  let folder: string;
  let database: DuckDb;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bifold-duckdb-'));
    database = await openDuckDb({ memoryLimit: '256MB', tempDirectory: folder, threads: 2 });
  });
  afterAll(async () => {
    database.close();
    await rm(folder, { recursive: true });
  });

  it('keeps every value through Parquet: NUL, empty and astral texts, extremes, big and empty blobs', async () => {
    const texts = ['', 'a\u0000b', '\u0000', '𝄞 astral', 'é', '"quoted\'', '\n', ' '.repeat(100_000), null];
    const blobs = texts.map((text, index) =>
      text === null ? null : index === 0 ? new Uint8Array() : new Uint8Array(2_000_000).fill(index),
    );
    const rows: SqlInput[][] = texts.map((text, index) => [
      index === 0 ? -(2 ** 31) : index,
      index === 0 ? 2n ** 63n - 1n : index === 1 ? -(2n ** 63n) : Number.MAX_SAFE_INTEGER,
      [5e-324, -1.7976931348623157e308, 0.1][index] ?? null,
      text,
      index % 2 === 0,
      blobs[index] ?? null,
    ]);
    const columns = COLUMNS.map((_, column) => rows.map((row) => row[column] ?? null));
    const path = join(folder, 'values.parquet');
    expect(await database.writeParquet(path, COLUMNS, [columns])).toBe(rows.length);
    const read = await database.rows(`SELECT * FROM read_parquet('${path}')`);
    const expected = rows.map(([i, b, d, t, o, x]) => ({ i, b: BigInt(b as bigint), d, t, o, x }));
    expect(
      read.map(({ x, ...rest }) => ({
        ...rest,
        x: x === null ? null : [(x as Uint8Array).length, (x as Uint8Array)[0]],
      })),
    ).toEqual(
      expected.map(({ x, ...rest }) => ({
        ...rest,
        x: x === null ? null : [(x as Uint8Array).length, (x as Uint8Array)[0]],
      })),
    );
  });

  it('keeps format, control and combining characters of text, wherever they stand', async () => {
    const characters = [
      '\ufeff',
      '\u200b',
      '\u202e',
      '\u2028',
      '\u0301',
      '\u0000',
      '\u001b',
      '\u0085',
      '\ufffe',
      '\uffff',
    ];
    const texts = characters.flatMap((character) => [
      character,
      character.repeat(2),
      `${character}abc`,
      `abc${character}`,
      `a${character}bc`,
      // Texts of at most 12 bytes lie within a row, longer ones beside it.
      `${character}${'long '.repeat(10)}`,
    ]);
    const path = join(folder, 'characters.parquet');
    await database.writeParquet(path, [{ name: 't', type: 'VARCHAR' }], [[texts]]);
    const read = await database.rows(`SELECT t FROM read_parquet('${path}')`);
    expect(read.map(({ t }) => t)).toEqual(texts);
    expect(await database.rows(`SELECT count(DISTINCT t) AS n FROM read_parquet('${path}')`)).toEqual([
      { n: BigInt(texts.length) },
    ]);
  });

  it('keeps a leading U+FEFF of text within other values', async () => {
    const text = `chr(65279) || 'a'`;
    for (const [type, value] of [
      ['LIST', `[${text}, 'b']`],
      ['ARRAY', `array_value(${text}, 'b')`],
      ['STRUCT', `struct_pack(k := ${text})`],
      ['MAP', `map([${text}], [${text}])`],
      ['UNION', `union_value(k := ${text})`],
      ['VARIANT', `(${text})::VARIANT`],
      ['a long text in a LIST', `[${text} || repeat('long ', 10)]`],
    ]) {
      const rows = await database.rows(`SELECT ${value} AS v`);
      expect([type, ...rows.map(({ v }) => String(v))]).toEqual([type, expect.stringContaining('\ufeffa')]);
    }
  });

  it('keeps the names of columns, odd ones and equal ones', async () => {
    expect(await database.rows(`SELECT 'x' AS "a""b", 'y' AS "a""b", NULL::VARCHAR AS "\ufeffc"`)).toEqual([
      { 'a"b': 'x', 'a"b_1': 'y', '\ufeffc': null },
    ]);
  });

  it('gives a whole result while files are written from it', async () => {
    let seen = 0;
    for await (const chunk of database.query('SELECT range AS n FROM range(300000)')) {
      if (seen % 100_000 < chunk.rowCount) await database.writeParquet(join(folder, 'beside.parquet'), COLUMNS, []);
      seen += chunk.rowCount;
    }
    expect(seen).toBe(300_000);
  });

  it('fails when a result fails behind its first rows, rather than end early', async () => {
    const sql =
      "SELECT CASE WHEN range = 299999 THEN CAST('x' || range AS BIGINT) ELSE range END AS n FROM range(300000)";
    const read = async () => {
      for await (const chunk of database.query(sql)) chunk.column('n');
    };
    await expect(read()).rejects.toThrow(/BIFOLD_SQL_VALUE/);
  });

  it('keeps the order of rows over many chunks and stretches', async () => {
    const path = join(folder, 'order.parquet');
    const count = 300_000;
    function* stretches() {
      for (let from = 0; from < count; from += 7_001) {
        const length = Math.min(7_001, count - from);
        yield [Array.from({ length }, (_, index) => from + index)];
      }
    }
    expect(await database.writeParquet(path, [{ name: 'n', type: 'BIGINT' }], stretches())).toBe(count);
    let next = 0n;
    for await (const chunk of database.query(`SELECT n FROM read_parquet('${path}')`)) {
      for (const value of chunk.column('n')) if (value === next) next++;
    }
    expect(next).toBe(BigInt(count));
  });

  it('sums integers beyond 64 bits exactly, and joins a table made from rows', async () => {
    await database.createTable(
      'lookup',
      [
        { name: 'k', type: 'VARCHAR' },
        { name: 'v', type: 'BIGINT' },
      ],
      [
        [
          ['a', 'b'],
          [2n ** 62n, 2n ** 62n],
        ],
        [['c'], [2n ** 62n]],
      ],
    );
    expect(await database.rows('SELECT sum(v) AS s, count(*) AS n FROM lookup')).toEqual([
      { s: 3n * 2n ** 62n, n: 3n },
    ]);
  });

  it('passes on an error of the rows as it is, and can write the file afterwards', async () => {
    const path = join(folder, 'interrupted.parquet');
    const columns: readonly SqlColumn[] = [{ name: 'n', type: 'BIGINT' }];
    async function* interrupted() {
      yield [[1, 2, 3]];
      throw new RangeError('the source is away');
    }
    await expect(database.writeParquet(path, columns, interrupted())).rejects.toThrow(
      new RangeError('the source is away'),
    );
    expect(await database.writeParquet(path, columns, [[[1, 2, 3]]])).toBe(3);
  });

  it('keeps nulls and texts apart from one stretch to the next', async () => {
    const path = join(folder, 'reused.parquet');
    const columns: readonly SqlColumn[] = [
      { name: 't', type: 'VARCHAR' },
      { name: 'n', type: 'DOUBLE' },
    ];
    const stretches = [
      [Array(2_048).fill('a text that does not fit into a vector itself'), Array(2_048).fill(1)],
      [
        [null, 'short', null],
        [null, 2, null],
      ],
      [
        ['x', 'another text that does not fit into a vector', 'z'],
        [3, null, 4],
      ],
    ];
    expect(await database.writeParquet(path, columns, stretches)).toBe(2_054);
    expect(await database.rows(`SELECT t, n FROM read_parquet('${path}') OFFSET 2047`)).toEqual([
      { t: 'a text that does not fit into a vector itself', n: 1 },
      ...[
        [null, null],
        ['short', 2],
        [null, null],
        ['x', 3],
        ['another text that does not fit into a vector', null],
        ['z', 4],
      ].map(([t, n]) => ({ t, n })),
    ]);
  });

  it.each([
    ['SELEC', 'BIFOLD_SQL_INVALID', 'syntax error at or near "SELEC"'],
    ['', 'BIFOLD_SQL_INVALID', 'no statement'],
    ['-- only a comment', 'BIFOLD_SQL_INVALID', 'no statement'],
    ['SELECT 1; SELECT 2', 'BIFOLD_SQL_INVALID', '2 statements'],
    ['CREATE TABLE t (a INTEGER)', 'BIFOLD_SQL_INVALID', 'LINE 1: CREATE TABLE t'],
    ['SELECT * FROM nowhere', 'BIFOLD_SQL_INVALID', 'Table with name nowhere does not exist'],
    ['SELECT nope FROM (SELECT 1 AS a)', 'BIFOLD_SQL_INVALID', 'Candidate bindings: "a"'],
    ["SELECT DATE '2020-01-01' + true", 'BIFOLD_SQL_INVALID', '(DATE, BOOLEAN)'],
    ["SELECT * FROM 'https://host/file.parquet'", 'BIFOLD_SQL_INVALID', 'requires the extension httpfs'],
    ["SELECT 'x'::DATE", 'BIFOLD_SQL_VALUE', "LINE 1: SELECT 'x'::DATE"],
    ['SELECT 9223372036854775807 + 1', 'BIFOLD_SQL_VALUE', 'Overflow'],
    ["SELECT * FROM '/nowhere/at-all.parquet'", 'BIFOLD_NO_FILES', '/nowhere/at-all.parquet'],
  ])('names an error of the input in %j: %s', async (sql, code, received) => {
    const error = await database.rows(sql).catch((cause) => cause);
    expect(error).toBeInstanceOf(InputError);
    expect(error).toMatchObject({ code, explanation: { received: expect.stringContaining(received) } });
    expect(error.explanation.received).not.toContain('CREATE TABLE "result');
    expect(error.explanation.remedy).not.toContain('memory');
  });

  it('names a file that is no Parquet, and one that is cut off', async () => {
    const whole = join(folder, 'whole.parquet');
    await database.writeParquet(whole, [{ name: 'n', type: 'BIGINT' }], [[[1, 2, 3]]]);
    const bytes = await readFile(whole);
    for (const [name, content] of [
      ['text.parquet', 'this text is no Parquet file'],
      ['cut.parquet', bytes.subarray(0, bytes.length - 20)],
      ['damaged.parquet', Buffer.concat([bytes.subarray(0, 4), Buffer.alloc(bytes.length - 8, 7), bytes.subarray(-4)])],
    ] as const) {
      await writeFile(join(folder, name), content);
      const error = await database.rows(`SELECT * FROM '${join(folder, name)}'`).catch((cause) => cause);
      expect(error).toMatchObject({ code: 'BIFOLD_FILE_DAMAGED' });
      expect(error).toBeInstanceOf(InputError);
      expect(error.message).toContain(name);
    }
  });

  it('says that memory ran out, with advice on memory, and that this is no error of the input', async () => {
    const small = await openDuckDb({ memoryLimit: '64MB', tempDirectory: folder, threads: 1 });
    const error = await small.rows('SELECT list(range) FROM range(100000000)').catch((cause) => cause);
    small.close();
    expect(error).toMatchObject({
      code: 'BIFOLD_OUT_OF_MEMORY',
      explanation: { remedy: expect.stringMatching(/memory/) },
    });
    expect(error.explanation.received).not.toContain('SET ');
    expect(error).not.toBeInstanceOf(InputError);
  });

  it('shows values with every digit, nested ones as JSON', async () => {
    const values: readonly (readonly [sql: string, json: unknown])[] = [
      ['170141183460469231731687303715884105727::HUGEINT', '170141183460469231731687303715884105727'],
      ['7::HUGEINT', 7],
      ['9007199254740993', '9007199254740993'],
      ['1.10::DECIMAL(38,2)', '1.10'],
      ["'NaN'::DOUBLE", 'NaN'],
      ["'-Infinity'::FLOAT", '-Infinity'],
      ["{'a': 1, 'b': [1, NULL], 'n': 'NaN'::DOUBLE}", { a: 1, b: [1, null], n: 'NaN' }],
      ["map([1, 2], ['a', 'b'])", { 1: 'a', 2: 'b' }],
      ["[{'big': 9007199254740993}]", [{ big: '9007199254740993' }]],
      ["INTERVAL '1 year 2 days 3.5 seconds'", '1 year 2 days 00:00:03.5'],
      ["TIMESTAMP '290309-12-22 (BC) 00:00:00'", '290309-12-22 (BC) 00:00:00'],
      ["TIMESTAMP_NS '2020-01-01 00:00:00.123456789'", '2020-01-01 00:00:00.123456789'],
      ["TIMESTAMP 'infinity'", 'infinity'],
      ["DATE 'infinity'", 'infinity'],
      ["DATE '-infinity'", '-infinity'],
      ["'\\xAA\\x00a'::BLOB", '\\xAA\\x00a'],
      ['array_value(1, 2)', [1, 2]],
      ["union_value(k := 'x')", 'x'],
      ['NULL', null],
    ];
    for (const [sql, json] of values)
      for await (const chunk of database.query(`SELECT ${sql} AS v`))
        expect([sql, chunk.shown('v')]).toEqual([sql, [json]]);
  });
});

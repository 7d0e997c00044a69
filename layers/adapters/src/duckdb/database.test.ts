import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
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
    await expect(read()).rejects.toThrow(/BIFOLD_DUCKDB_FAILED/);
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

  it('says what failed', async () => {
    await expect(database.rows('SELECT * FROM nowhere')).rejects.toMatchObject({ code: 'BIFOLD_DUCKDB_FAILED' });
  });
});

import type { FileCase } from './case.ts';

/** The types of Parquet. DuckDB makes the files. */
export const PARQUET: readonly FileCase[] = [
  {
    title: 'no rows, in Parquet',
    file: 'empty.parquet',
    content: { query: 'SELECT 1::BIGINT AS id, 1::DOUBLE AS x WHERE false' },
    gives: { rows: [] },
  },
  {
    title: 'structs, lists and maps',
    file: 'nested.parquet',
    content: { query: "SELECT {'a': 1, 'b': [1.5, NULL]} AS s, [1, 2] AS l, MAP {'k': 1} AS m" },
    gives: { rows: ['{"s":{"a":1,"b":[1.5,null]},"l":[1,2],"m":{"k":1}}'] },
  },
  {
    title: 'whole numbers within structs that no double holds',
    file: 'nested-ids.parquet',
    content: { query: "SELECT {'id': 9007199254740993::BIGINT, 'u': 18446744073709551615::UBIGINT} AS s" },
    gives: { rows: ['{"s":{"id":9007199254740993,"u":18446744073709551615}}'] },
  },
  {
    title: 'unsigned and huge integers',
    file: 'unsigned.parquet',
    content: {
      query: 'SELECT 255::UTINYINT AS a, 4294967295::UINTEGER AS b, 18446744073709551615::UBIGINT AS c',
    },
    gives: { rows: ['{"a":255,"b":4294967295,"c":18446744073709551615}'] },
    throughCsv: { rows: ['{"a":255,"b":4294967295,"c":"18446744073709551615"}'] },
  },
  {
    title: 'BIGINT beyond 2^53',
    file: 'bigint.parquet',
    content: { query: 'SELECT unnest([9007199254740993, 9007199254740992, 1])::BIGINT AS id' },
    gives: { rows: ['{"id":9007199254740993}', '{"id":9007199254740992}', '{"id":1}'] },
    throughCsv: { rows: ['{"id":"9007199254740993"}', '{"id":"9007199254740992"}', '{"id":"1"}'] },
  },
  {
    title: 'decimals with their scale',
    file: 'decimal.parquet',
    content: { query: 'SELECT unnest([1.10, 2.00])::DECIMAL(9,2) AS price' },
    gives: { rows: ['{"price":1.10}', '{"price":2.00}'] },
  },
  {
    title: 'decimals of 38 digits',
    file: 'decimal38.parquet',
    content: { query: "SELECT '0.12345678901234567890123456789012345678'::DECIMAL(38,38) AS x" },
    gives: { rows: ['{"x":0.12345678901234567890123456789012345678}'] },
  },
  {
    title: 'floats of 32 bits, which are the doubles that they are',
    file: 'float.parquet',
    content: { query: 'SELECT 0.1::FLOAT AS x, 0.5::FLOAT AS y' },
    gives: { rows: ['{"x":0.10000000149011612,"y":0.5}'] },
  },
  {
    title: 'enums, UUIDs and booleans',
    file: 'texts.parquet',
    content: {
      query:
        "SELECT 'b'::ENUM('a', 'b') AS e, '123e4567-e89b-12d3-a456-426614174000'::UUID AS u, true AS ok, NULL::BOOLEAN AS no",
    },
    gives: { rows: ['{"e":"b","u":"123e4567-e89b-12d3-a456-426614174000","ok":true,"no":null}'] },
  },
  {
    title: 'times of day, bytes and intervals',
    file: 'others.parquet',
    content: { query: "SELECT TIME '10:00:00.5' AS t, '\\xAA\\x00'::BLOB AS b, INTERVAL '1' DAY AS i" },
    gives: { rows: ['{"t":"10:00:00.500000","b":"qgA=","i":"P0M1DT0.000000S"}'] },
  },
  {
    title: 'a column of nulls alone, in Parquet',
    file: 'nulls.parquet',
    content: { query: 'SELECT 1 AS a, NULL::INTEGER AS b' },
    gives: { rows: ['{"a":1,"b":null}'] },
  },
  {
    title: 'dates and times in Parquet',
    file: 'times.parquet',
    content: {
      query:
        "SELECT DATE '2013-07-04' AS day, TIMESTAMPTZ '2013-07-04 10:00:00+02' AS zoned, TIMESTAMP '2013-07-04 10:00:00.5' AS plain",
    },
    gives: {
      rows: ['{"day":"2013-07-04","zoned":"2013-07-04T08:00:00.000000Z","plain":"2013-07-04T10:00:00.500000Z"}'],
    },
  },
  {
    title: 'nanoseconds in Parquet',
    file: 'nanos.parquet',
    content: { query: "SELECT '2020-01-01 00:00:00.123456789'::TIMESTAMP_NS AS at" },
    gives: { rows: ['{"at":"2020-01-01T00:00:00.123456789Z"}'] },
  },
  {
    title: 'bytes that are no Parquet',
    file: 'no.parquet',
    content: 'PAR1 and then nothing of the kind',
    gives: { refused: 'BIFOLD_PARQUET_UNREADABLE', says: 'no.parquet' },
  },
  {
    title: 'nothing in it, in Parquet',
    file: 'nothing.parquet',
    content: '',
    gives: { refused: 'BIFOLD_PARQUET_UNREADABLE', says: 'nothing.parquet' },
  },
];

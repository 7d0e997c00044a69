import type { FileCase } from './case.ts';

/** The types of Parquet. DuckDB makes the files. */
export const PARQUET: readonly FileCase[] = [
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
];

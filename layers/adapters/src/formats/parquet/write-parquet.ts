import { quoted } from '@bifold/core/engine';
import type { ColumnValues, SqlColumn, SqlInput } from '../../duckdb/index.ts';
import type { TypedColumn } from '../columns/cell-types.ts';
import { digitsOf, stringifyExactly } from '../columns/exact-json.ts';
import { extentOf, fitsDecimal, joinedExtent, NO_EXTENT, plainDigits } from '../columns/numbers.ts';
import { isInNanosecondRange, isNanoseconds } from '../columns/times.ts';
import type { CheckedRow, FileFormat } from '../file-format.ts';
import { copyRows, withDuckDb } from '../tables.ts';
import { refuseParquetNames } from './parquet-columns.ts';

/** Rows in one chunk of DuckDB. */
const CHUNK_ROWS = 2_048;
/** Values in one chunk: a table of thousands of columns takes fewer rows at once. */
const CHUNK_VALUES = 1_000_000;

/** Writes rows to a Parquet file by way of a table, whose last types are known at the end. */
export async function writeParquet(
  format: FileFormat,
  path: string,
  columns: readonly TypedColumn[],
  rows: AsyncIterable<CheckedRow>,
): Promise<void> {
  refuseParquetNames(columns);
  const staged = columns.map(({ type }) => stagedColumn(type));
  const types = staged.map(({ type }, index): SqlColumn => ({ name: `c${index}`, type }));
  await withDuckDb(async (database) => {
    await database.createTable('staged', types, chunksOf(columns, staged, rows));
    const select = columns.map(({ name }, index) => `${staged[index]?.cast(`c${index}`)} AS ${quoted(name)}`);
    await copyRows(database, `SELECT ${select.join(', ')} FROM staged`, path, format);
  }, columns.length);
}

async function* chunksOf(
  columns: readonly TypedColumn[],
  staged: readonly StagedColumn[],
  rows: AsyncIterable<CheckedRow>,
): AsyncGenerator<ColumnValues> {
  const rowsMax = Math.max(1, Math.min(CHUNK_ROWS, Math.floor(CHUNK_VALUES / columns.length)));
  let values: SqlInput[][] = columns.map(() => []);
  let count = 0;
  for await (const { fields } of rows) {
    for (const [index, { name }] of columns.entries()) {
      const value = Object.hasOwn(fields, name) ? fields[name] : null;
      values[index]?.push(value === null ? null : (staged[index] as StagedColumn).take(value));
    }
    if (++count < rowsMax) continue;
    yield values;
    values = columns.map(() => []);
    count = 0;
  }
  yield values;
}

/** A column of the table from which the file is written. */
interface StagedColumn {
  readonly type: SqlColumn['type'];
  take(value: unknown): SqlInput;
  /** The column with the type that all its values need. */
  cast(column: string): string;
}

function stagedColumn(type: TypedColumn['type']): StagedColumn {
  const asIs = (column: string): string => column;
  switch (type) {
    case 'integer':
      return { type: 'BIGINT', take: (value) => Number(digitsOf(value)), cast: asIs };
    case 'float':
      return { type: 'DOUBLE', take: (value) => Number(digitsOf(value) ?? value), cast: asIs };
    case 'boolean':
      return { type: 'BOOLEAN', take: (value) => value as boolean, cast: asIs };
    case 'date':
      return { type: 'VARCHAR', take: (value) => value as string, cast: (column) => `${column}::DATE` };
    case 'json':
      return { type: 'VARCHAR', take: stringifyExactly, cast: (column) => `${column}::JSON` };
    case 'text':
      return { type: 'VARCHAR', take: (value) => value as string, cast: asIs };
    case 'decimal':
      return stagedDecimal();
    case 'timestamp':
      return stagedTimestamp();
  }
}

/** The least precision and scale that hold the column; text if 38 digits do not. */
function stagedDecimal(): StagedColumn {
  let extent = NO_EXTENT;
  return {
    type: 'VARCHAR',
    take(value) {
      const digits = plainDigits(digitsOf(value) as string);
      extent = joinedExtent(extent, extentOf(digits));
      return digits;
    },
    cast(column) {
      const precision = Math.max(extent.whole + extent.scale, 1);
      return fitsDecimal(extent) ? `${column}::DECIMAL(${precision}, ${extent.scale})` : column;
    },
  };
}

/** Microseconds, or nanoseconds if a value needs them; text if they do not hold another value. */
function stagedTimestamp(): StagedColumn {
  let [hasNanoseconds, isInRange] = [false, true];
  return {
    type: 'VARCHAR',
    take(value) {
      hasNanoseconds ||= isNanoseconds(value as string);
      isInRange &&= isInNanosecondRange(value as string);
      return value as string;
    },
    cast: (column) => (hasNanoseconds ? (isInRange ? `${column}::TIMESTAMP_NS` : column) : `${column}::TIMESTAMPTZ`),
  };
}

import { textLiteral } from '@bifold/core/engine';
import type { DuckDb } from '../../duckdb/index.ts';
import type { CellType, TypedColumn } from '../columns/cell-types.ts';

/** The schema of a Parquet file. */
export interface ParquetFile {
  /** The columns in order, with DuckDB's types. Names are those of the file. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rowCount: number;
  /** The table for a FROM clause. */
  readonly from: string;
  /** The names of the columns in that table. DuckDB cannot tell names apart by case. */
  readonly expressions: readonly string[];
}

export async function parquetFile(database: DuckDb, path: string): Promise<ParquetFile> {
  const file = textLiteral(path);
  // The name of a folder such as `date=2026-01-01` is not a column of the file.
  const rows = `read_parquet(${file}, hive_partitioning = false)`;
  const [counted] = await database.rows(`SELECT num_rows FROM parquet_file_metadata(${file})`);
  const fields = await database.rows(`SELECT name, num_children, logical_type FROM parquet_schema(${file})`);
  const described = await database.rows(`SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${rows})`);
  const held = outermost(fields.map((row) => ({ name: String(row.name), children: Number(row.num_children ?? 0) })));
  const isHeld = held.length === described.length;
  const columns = described.map((row, index) => {
    const place = isHeld ? (held[index] as number) : null;
    const field = place === null ? null : fields[place];
    const isNull = String(field?.logical_type ?? '').startsWith('NullType');
    return { name: String(field?.name ?? row.column_name), type: isNull ? 'VARCHAR' : String(row.column_type) };
  });
  const expressions = columns.map((_, index) => `c${index}`);
  return {
    columns,
    rowCount: Number(counted?.num_rows),
    from: `${rows} AS held(${expressions.join(', ')})`,
    expressions,
  };
}

/** The places of the outermost fields. The schema lists fields with their children behind them. */
function outermost(fields: readonly { readonly name: string; readonly children: number }[]): readonly number[] {
  const behind = (place: number): number => {
    let next = place + 1;
    for (let child = 0; child < (fields[place]?.children ?? 0); child++) next = behind(next);
    return next;
  };
  const places: number[] = [];
  for (let place = 1; places.length < (fields[0]?.children ?? 0); place = behind(place)) places.push(place);
  return places;
}

const SMALL_INTEGER = /^U?(TINYINT|SMALLINT|INTEGER)$/;
const LARGE_INTEGER = /^U?(BIG|HUGE)INT$/;
const TIME = /^(DATE|TIMESTAMP)/;
const NESTED = /\[\d*\]$|^(STRUCT|MAP|UNION|VARIANT|JSON)/;

/** Columns in one query for their figures. With their number, its time grows by the square. */
const FIGURES_COLUMNS = 200;

/** The columns as types of cells. One pass over the file finds nulls and values out of range. */
export async function heldColumns(
  database: DuckDb,
  { columns, expressions, from, rowCount }: ParquetFile,
): Promise<readonly TypedColumn[]> {
  const figures = columns.map(({ type }, index) => {
    const column = expressions[index] as string;
    return `count(${column}) AS count_${index}, coalesce(bool_and(${rangeSql(type, column)}), true) AS fits_${index}`;
  });
  const found: Record<string, unknown> = {};
  for (let first = 0; first < figures.length; first += FIGURES_COLUMNS) {
    const some = figures.slice(first, first + FIGURES_COLUMNS);
    Object.assign(found, (await database.rows(`SELECT ${some.join(', ')} FROM ${from}`))[0]);
  }
  return columns.map(({ name, type }, index) => ({
    name,
    type: cellType(type, found[`fits_${index}`] === true),
    nullable: rowCount === 0 || Number(found[`count_${index}`]) < rowCount,
  }));
}

/** Whether a value is in the range of the type of cells. */
function rangeSql(type: string, column: string): string {
  if (LARGE_INTEGER.test(type)) return `${column} BETWEEN ${Number.MIN_SAFE_INTEGER} AND ${Number.MAX_SAFE_INTEGER}`;
  // Years of four digits.
  if (/^DATE$/.test(type)) return `${column} >= DATE '0000-01-01' AND ${column} < DATE '10000-01-01'`;
  if (/^TIMESTAMP/.test(type) && type !== 'TIMESTAMP_NS')
    return `epoch_us(${column}) >= -62167219200000000 AND epoch_us(${column}) < 253402300800000000`;
  return 'true';
}

function cellType(type: string, isInRange: boolean): CellType {
  if (SMALL_INTEGER.test(type)) return 'integer';
  if (LARGE_INTEGER.test(type)) return isInRange ? 'integer' : 'decimal';
  if (NESTED.test(type)) return 'json';
  if (type.startsWith('DECIMAL')) return 'decimal';
  if (TIME.test(type) && !isInRange) return 'text';
  if (type === 'DATE') return 'date';
  if (type.startsWith('TIMESTAMP')) return 'timestamp';
  if (type === 'FLOAT' || type === 'DOUBLE') return 'float';
  return type === 'BOOLEAN' ? 'boolean' : 'text';
}

import { tmpdir } from 'node:os';
import { type DuckDb, openDuckDb, type SqlOutput } from '@bifold/adapters/duckdb';
import { quoted, textLiteral } from '@bifold/core/engine';
import { UsageError } from '../errors.ts';
import { type Association, associationsOf, coefficient } from './association.ts';
import { type Bin, type ColumnProfile, type Distribution, kindOf, numberSql } from './column.ts';

export interface Profile {
  readonly source: string;
  readonly rows: number;
  readonly columns: readonly ColumnProfile[];
  /** Pearson's coefficient of each pair of number columns; null where one of them does not vary. */
  readonly correlations: {
    readonly columns: readonly string[];
    readonly values: readonly (readonly (number | null)[])[];
  };
  readonly target: Target | null;
}

export interface Target {
  readonly name: string;
  readonly kind: 'number' | 'class';
  readonly associations: readonly Association[];
}

export const RANKS = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99] as const;
const BINS = 30;
const TOP = 12;
/** Up to this number of different values, numbers are counted one by one. */
const FEW = 12;
const COLUMNS_MAX = 300;
const CORRELATED_MAX = 25;

/** The profile of a table: all general statistics, computed by DuckDB. */
export async function profileOf(source: string, parquetFile: string, target: string | null): Promise<Profile> {
  const database = await openDuckDb({ memoryLimit: '2GB', tempDirectory: tmpdir() });
  try {
    await database.run(`CREATE TABLE rows AS SELECT * FROM read_parquet(${textLiteral(parquetFile)})`);
    const described = await database.rows('SELECT column_name, column_type FROM (DESCRIBE rows)');
    const names = described.map(({ column_name, column_type }) => [String(column_name), String(column_type)] as const);
    checkTarget(names, target);
    const [{ n = 0n } = {}] = await database.rows('SELECT count(*) AS n FROM rows');
    const rows = Number(n);
    const columns: ColumnProfile[] = [];
    for (const [name, type] of names) columns.push(await columnProfile(database, name, type, rows));
    const numbers = columns
      .filter((column) => column.kind === 'number' && column.distinct > 1)
      .slice(0, CORRELATED_MAX);
    return {
      source,
      rows,
      columns,
      correlations: await correlationsOf(
        database,
        numbers.map(({ name }) => name),
      ),
      target: target === null ? null : await targetOf(database, columns, target),
    };
  } finally {
    database.close();
  }
}

function checkTarget(names: readonly (readonly [string, string])[], target: string | null): void {
  if (names.length > COLUMNS_MAX)
    throw new UsageError('BIFOLD_BAD_EXPLORATION', {
      failed: 'the table is too wide',
      received: `${names.length} columns`,
      allowed: `at most ${COLUMNS_MAX}`,
      remedy: 'leave columns out: npx bifold synth --from <file> --sql "SELECT ..."',
    });
  if (target !== null && !names.some(([name]) => name === target))
    throw new UsageError('BIFOLD_BAD_EXPLORATION', {
      failed: 'there is no such target',
      received: `"${target}"`,
      allowed: names.map(([name]) => name).join(', '),
      remedy: 'correct --target',
    });
}

const figure = (value: SqlOutput | undefined): number => Number(value ?? 0);

async function columnProfile(database: DuckDb, name: string, type: string, rows: number): Promise<ColumnProfile> {
  const kind = kindOf(type);
  const column = quoted(name);
  const [counted] = await database.rows(
    `SELECT count(*) - count(${column}) AS nulls, count(DISTINCT ${column}) AS different FROM rows`,
  );
  const nulls = figure(counted?.nulls);
  const distinct = figure(counted?.different);
  const isMeasured = (kind === 'number' || kind === 'time') && nulls < rows;
  const isCounted = kind === 'category' || (kind === 'number' && distinct <= FEW);
  const top = isCounted
    ? await database.rows(
        `SELECT CAST(${column} AS VARCHAR) AS v, count(*) AS n FROM rows WHERE ${column} IS NOT NULL GROUP BY ${column} ORDER BY ${kind === 'number' ? `${column}` : 'n DESC, v'} LIMIT ${TOP}`,
      )
    : [];
  return {
    name,
    type,
    kind,
    nulls,
    distinct,
    distribution: isMeasured
      ? await distributionOf(database, numberSql(name, type), kind === 'number' && /INT/.test(type))
      : null,
    top: top.map(({ v, n }) => ({ value: String(v), count: figure(n) })),
  };
}

async function distributionOf(database: DuckDb, value: string, isWhole: boolean): Promise<Distribution | null> {
  const ranks = RANKS.map((rank, index) => `quantile_cont(v, ${rank}) AS q${index}`).join(', ');
  const [found] = await database.rows(
    `SELECT min(v) AS least, max(v) AS most, avg(v) AS average, stddev_samp(v) AS deviation, ${ranks} FROM (SELECT ${value} AS v FROM rows)`,
  );
  if (found === undefined || found.least === null) return null;
  const [min, max] = [figure(found.least), figure(found.most)];
  const quantiles = RANKS.map((_, index) => figure(found[`q${index}`]));
  const [first, third] = [quantiles[2] as number, quantiles[4] as number];
  const [low, high] = [first - 1.5 * (third - first), third + 1.5 * (third - first)];
  const [beyond] = await database.rows(
    `SELECT count(*) FILTER (v < ${low}) AS below, count(*) FILTER (v > ${high}) AS above FROM (SELECT ${value} AS v FROM rows)`,
  );
  return {
    min,
    max,
    mean: figure(found.average),
    deviation: found.deviation === null ? null : figure(found.deviation),
    quantiles,
    outliers: { low, high, below: figure(beyond?.below), above: figure(beyond?.above) },
    bins: await binsOf(database, value, min, max, isWhole),
  };
}

/** Bins of equal width, or one per value for few whole numbers. */
async function binsOf(
  database: DuckDb,
  value: string,
  min: number,
  max: number,
  isWhole: boolean,
): Promise<readonly Bin[]> {
  const whole = isWhole ? Math.max(1, Math.ceil((max - min + 1) / BINS)) : null;
  const width = whole ?? ((max - min) / BINS || 1);
  const count = whole === null ? BINS : Math.ceil((max - min + 1) / whole);
  const counted = await database.rows(
    `SELECT least(${count - 1}, CAST(floor((v - ${min}) / ${width}) AS BIGINT)) AS bin, count(*) AS n FROM (SELECT ${value} AS v FROM rows) WHERE v IS NOT NULL GROUP BY bin`,
  );
  const counts = new Map(counted.map(({ bin, n }) => [figure(bin), figure(n)]));
  return Array.from({ length: count }, (_, bin) => ({
    from: min + bin * width,
    to: min + (bin + 1) * width,
    count: counts.get(bin) ?? 0,
  }));
}

async function correlationsOf(database: DuckDb, names: readonly string[]): Promise<Profile['correlations']> {
  if (names.length < 2) return { columns: [], values: [] };
  const pairs = names.flatMap((left, row) =>
    names.slice(row + 1).map((right, index) => ({ left, right, row, column: row + 1 + index })),
  );
  const sums = pairs.map(({ left, right }, index) => `corr(${quoted(left)}, ${quoted(right)}) AS c${index}`);
  const [found = {}] = await database.rows(`SELECT ${sums.join(', ')} FROM rows`);
  const values: (number | null)[][] = names.map((_, row) => names.map((__, column) => (row === column ? 1 : null)));
  for (const [index, { row, column }] of pairs.entries()) {
    const value = coefficient(found[`c${index}`]);
    (values[row] as (number | null)[])[column] = value;
    (values[column] as (number | null)[])[row] = value;
  }
  return { columns: names, values };
}

async function targetOf(database: DuckDb, columns: readonly ColumnProfile[], name: string): Promise<Target> {
  const target = columns.find((column) => column.name === name) as ColumnProfile;
  const kind = target.kind === 'number' && target.distinct > FEW ? 'number' : 'class';
  return { name, kind, associations: await associationsOf(database, columns, target, kind) };
}

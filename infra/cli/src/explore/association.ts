import type { DuckDb, SqlOutput } from '@bifold/adapters/duckdb';
import { quoted } from '@bifold/core/engine';
import { type ColumnProfile, numberSql } from './column.ts';

/** The association of a feature with a target, and the figures behind it. */
export interface Association {
  readonly feature: string;
  readonly measure: 'Pearson r' | 'correlation ratio η' | "Cramér's V";
  /** From 0 (none) to 1 (complete), Pearson's from -1. Null if one of the two is constant. */
  readonly value: number | null;
  /** For two numbers: some rows, and the mean of the target along the feature. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
  readonly means: readonly { readonly x: number; readonly y: number }[];
  /** For a category and a number: the mean of the target for each category. */
  readonly byCategory: readonly { readonly label: string; readonly mean: number; readonly rows: number }[];
  /** For a class as target: the number of rows per class, for each part of the feature. */
  readonly shares: readonly { readonly label: string; readonly part: string; readonly count: number }[];
}

const POINTS = 800;
const MEANS = 20;
const PARTS = 8;
const CATEGORIES = 12;
const CLASSES = 10;

export async function associationsOf(
  database: DuckDb,
  columns: readonly ColumnProfile[],
  target: ColumnProfile,
  kind: 'number' | 'class',
): Promise<readonly Association[]> {
  const found: Association[] = [];
  for (const feature of columns) {
    if (feature.name === target.name || feature.kind === 'other' || feature.distinct < 2) continue;
    const isNumber = feature.kind === 'number' || feature.kind === 'time';
    // Skip columns with nearly unique values, such as names.
    if (!isNumber && feature.distinct > 200) continue;
    found.push(await (kind === 'number' ? againstNumber : againstClass)(database, feature, target, isNumber));
  }
  return found.sort((left, right) => Math.abs(right.value ?? 0) - Math.abs(left.value ?? 0));
}

const NOTHING = { points: [], means: [], byCategory: [], shares: [] } as const;
export const coefficient = (value: SqlOutput | undefined): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;

async function againstNumber(
  database: DuckDb,
  feature: ColumnProfile,
  target: ColumnProfile,
  isNumber: boolean,
): Promise<Association> {
  const y = numberSql(target.name, target.type);
  if (!isNumber) {
    const label = `coalesce(CAST(${quoted(feature.name)} AS VARCHAR), 'null')`;
    const pairs = `SELECT ${label} AS label, ${y} AS y FROM rows WHERE ${y} IS NOT NULL`;
    const groups = await database.rows(
      `SELECT label, avg(y) AS average, count(*) AS n FROM (${pairs}) GROUP BY label ORDER BY n DESC, label LIMIT ${CATEGORIES}`,
    );
    return {
      ...NOTHING,
      feature: feature.name,
      measure: 'correlation ratio η',
      value: await correlationRatio(database, pairs),
      byCategory: groups.map(({ label: own, average, n }) => ({
        label: String(own),
        mean: Number(average),
        rows: Number(n),
      })),
    };
  }
  const pairs = `SELECT ${numberSql(feature.name, feature.type)} AS x, ${y} AS y, rowid AS r FROM rows`;
  const known = `SELECT * FROM (${pairs}) WHERE x IS NOT NULL AND y IS NOT NULL`;
  const [one] = await database.rows(`SELECT corr(y, x) AS c FROM (${known})`);
  const points = await database.rows(`SELECT x, y FROM (${known}) ORDER BY hash(r) LIMIT ${POINTS}`);
  const means = await database.rows(
    `SELECT avg(x) AS x, avg(y) AS y FROM (SELECT *, ntile(${MEANS}) OVER (ORDER BY x, r) AS part FROM (${known})) GROUP BY part ORDER BY x`,
  );
  const point = ({ x, y: own }: Readonly<Record<string, SqlOutput>>) => ({ x: Number(x), y: Number(own) });
  return {
    ...NOTHING,
    feature: feature.name,
    measure: 'Pearson r',
    value: coefficient(one?.c),
    points: points.map(point),
    means: means.map(point),
  };
}

async function againstClass(
  database: DuckDb,
  feature: ColumnProfile,
  target: ColumnProfile,
  isNumber: boolean,
): Promise<Association> {
  const part = `CAST(${quoted(target.name)} AS VARCHAR)`;
  const classes = `SELECT ${part} AS part, count(*) AS n FROM rows WHERE ${part} IS NOT NULL GROUP BY part ORDER BY n DESC, part LIMIT ${CLASSES}`;
  const x = isNumber
    ? numberSql(feature.name, feature.type)
    : `coalesce(CAST(${quoted(feature.name)} AS VARCHAR), 'null')`;
  const pairs = `SELECT ${x} AS x, ${part} AS part, rowid AS r FROM rows WHERE ${part} IN (SELECT part FROM (${classes})) AND ${x} IS NOT NULL`;
  const labelled = isNumber
    ? `SELECT part, lpad(CAST(bin AS VARCHAR), 2, ' ') || '|' || min(x) OVER (PARTITION BY bin) || '|' || max(x) OVER (PARTITION BY bin) AS label FROM (SELECT *, ntile(${PARTS}) OVER (ORDER BY x, r) AS bin FROM (${pairs}))`
    : `SELECT part, x AS label FROM (${pairs}) WHERE x IN (SELECT x FROM (${pairs}) GROUP BY x ORDER BY count(*) DESC, x LIMIT ${CATEGORIES})`;
  const counts = await database.rows(
    `SELECT label, part, count(*) AS n FROM (${labelled}) GROUP BY label, part ORDER BY label, part`,
  );
  const value = isNumber
    ? await correlationRatio(database, `SELECT part AS label, x AS y FROM (${pairs})`)
    : await cramersV(database, pairs);
  return {
    ...NOTHING,
    feature: feature.name,
    measure: isNumber ? 'correlation ratio η' : "Cramér's V",
    value,
    shares: counts.map(({ label, part: own, n }) => ({ label: String(label), part: String(own), count: Number(n) })),
  };
}

/**
 * The square root of the share of the variance of `y` between the groups of `label`. The root makes
 * it comparable with a correlation.
 */
async function correlationRatio(database: DuckDb, pairs: string): Promise<number | null> {
  const [found] = await database.rows(
    `WITH pairs AS (${pairs}), groups AS (SELECT label, avg(y) AS m, count(*) AS n FROM pairs GROUP BY label), whole AS (SELECT avg(y) AS m, var_pop(y) * count(*) AS s FROM pairs)
     SELECT sqrt(sum(n * (groups.m - whole.m) ** 2) / any_value(whole.s)) AS eta FROM groups, whole`,
  );
  return coefficient(found?.eta);
}

/** Cramér's V, from the chi-square of the contingency table. */
async function cramersV(database: DuckDb, pairs: string): Promise<number | null> {
  const [found] = await database.rows(
    `WITH pairs AS (${pairs}), cells AS (SELECT x, part, count(*) AS n FROM pairs GROUP BY x, part), a AS (SELECT x, count(*) AS n FROM pairs GROUP BY x), b AS (SELECT part, count(*) AS n FROM pairs GROUP BY part),
     total AS (SELECT count(*) AS n, (SELECT count(*) FROM a) AS rs, (SELECT count(*) FROM b) AS cs FROM pairs)
     SELECT sqrt((sum(cells.n * cells.n / (a.n * b.n)) - 1) / (least(any_value(rs), any_value(cs)) - 1)) AS v FROM cells JOIN a USING (x) JOIN b USING (part), total`,
  );
  return coefficient(found?.v);
}

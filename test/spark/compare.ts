import { type AggregatePlan, keyText, type Plan, type Result } from '@bifold/core/engine';
import type { Row } from './case.ts';

/** A row of Spark's, with what its estimates were made from: `total__values`, `words__exact`. */
export interface SparkRow extends Omit<Row, 'values'> {
  readonly values: Readonly<Record<string, SparkValue>>;
}
type SparkValue = Result | bigint | readonly (number | bigint)[];

/**
 * The differences of two results, up to a handful of sentences; and the number of values that are
 * equal but not to the last bit.
 */
export interface Comparison {
  readonly differences: readonly string[];
  readonly remarks: ReadonlyMap<Remark, number>;
}
export type Remark =
  | 'sums of nothing: 0, and null in Spark'
  | 'numbers that Spark rounds otherwise'
  | 'quantiles apart, both within their bounds'
  | 'distinct counts apart, both within their bounds';

const ROUNDING: Remark = 'numbers that Spark rounds otherwise';

/** Half the distance of doubles next to 1: how far one rounding can be off. */
const UNIT = 2 ** -53;
const DIFFERENCES_SHOWN = 5;
/** Half a bucket: a bucket is as wide as 1/128 of the power of two that it lies in. */
const QUANTILE_ERROR = 1 / 256;
/**
 * Four standard errors of 4,096 registers, which count more than 256 values; fewer are counted
 * exactly.
 */
const DISTINCT_ERROR = { relative: 4 * 0.01625, exactUpTo: 256 };
/** Four of Spark's, which are chosen for 5 %; of a few values two or three may share a register. */
const SPARK_DISTINCT_ERROR = { relative: 4 * 0.05, least: 3 };
/** The error for the few, small numbers of the cases. */
const COVARIANCE_ERROR = 1e-12;
/** Spark's `accuracy` of 10,000: the rank may be off by a ten-thousandth of all. */
const SPARK_RANK_ERROR = 1 / 10_000;

export function compareRows(plan: Plan, own: readonly Row[], spark: readonly SparkRow[]): Comparison {
  const told: string[] = [];
  const remarks = new Map<Remark, number>();
  const remark = (text: Remark) => remarks.set(text, (remarks.get(text) ?? 0) + 1);
  const left = new Map<string, Row>();
  for (const row of own) {
    if (left.has(nameOf(row))) told.push(`${nameOf(row)} comes twice in Bifold`);
    left.set(nameOf(row), row);
  }
  const seen = new Set<string>();
  for (const row of spark) {
    const name = nameOf(row);
    if (seen.has(name)) told.push(`${name} comes twice in Spark`);
    seen.add(name);
    const mine = left.get(name);
    if (mine === undefined) {
      told.push(`${name} is in Spark alone: ${shown(row.values)}`);
      continue;
    }
    if (mine.endMs !== row.endMs) told.push(`${name} ends at ${mine.endMs}, in Spark at ${row.endMs}`);
    for (const aggregate of plan.aggregates) {
      const said = compareValue(aggregate, mine.values[aggregate.name] as Result, row.values, remark);
      if (said !== null) told.push(`${name} ${aggregate.name}: ${said}`);
    }
  }
  for (const [name, row] of left) if (!seen.has(name)) told.push(`${name} is in Bifold alone: ${shown(row.values)}`);
  const more = told.length - DIFFERENCES_SHOWN;
  const differences = more > 0 ? [...told.slice(0, DIFFERENCES_SHOWN), `and ${more} more`] : told;
  return { differences, remarks };
}

/** The same for rows that are texts, of which some may come more than once. */
export function compareTexts(own: readonly string[], spark: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const row of own) counts.set(row, (counts.get(row) ?? 0) + 1);
  for (const row of spark) counts.set(row, (counts.get(row) ?? 0) - 1);
  const told = [...counts]
    .filter(([, more]) => more !== 0)
    .map(([row, more]) => `${row} is ${Math.abs(more)} times more in ${more > 0 ? 'Bifold' : 'Spark'}`);
  return told.length > DIFFERENCES_SHOWN
    ? [...told.slice(0, DIFFERENCES_SHOWN), `and ${told.length - DIFFERENCES_SHOWN} more`]
    : told;
}

function nameOf({ key, startMs }: Omit<Row, 'values'>): string {
  return `${keyText(key)} from ${startMs}`;
}

/**
 * The difference of two values of an aggregate beyond Spark's rounding, or beyond both sides'
 * stated error; null if there is none.
 */
function compareValue(
  aggregate: AggregatePlan,
  own: Result,
  row: SparkRow['values'],
  remark: (text: Remark) => void,
): string | null {
  const { name, kind, domain } = aggregate;
  const found = row[name] as Result | bigint;
  const differ = (allowed?: string) =>
    `${own}, in Spark ${found}${allowed === undefined ? '' : `; allowed is ${allowed}`}`;
  const values = ((row[`${name}__values`] as readonly (number | bigint)[] | undefined) ?? []).map(Number);
  if (kind === 'sum' && found === null) {
    remark('sums of nothing: 0, and null in Spark');
    return own === 0 ? null : differ();
  }
  if (typeof own !== 'number' || found === null) return own === found ? null : differ();
  // Spark's long keeps what a double cannot: rounded to the nearest double, it is the same number.
  const other = Number(found);
  const pair: Pair = { own, other, values, remark, differ };
  switch (kind) {
    case 'sum':
      return within(pair, domain === 'double' ? sumError(values) : 0);
    case 'mean': {
      const isExact = domain === 'integer' && magnitude(values) <= Number.MAX_SAFE_INTEGER;
      return within(pair, isExact ? 0 : sumError(values) / values.length + 2 * UNIT * Math.abs(own));
    }
    case 'covariance':
    case 'correlation':
      return within(pair, COVARIANCE_ERROR * Math.abs(own));
    case 'variance':
      return within(pair, varianceError(values, own));
    case 'stddev':
      return compareDeviations(pair);
    case 'quantile': {
      if (own !== other) remark('quantiles apart, both within their bounds');
      const wrong = quantileOff(values, aggregate.parameter, own, other);
      return wrong === null ? null : differ(wrong);
    }
    case 'distinct':
      return compareDistinct(pair, row[`${name}__exact`] as number);
    case 'count':
    case 'min':
    case 'max':
    case 'any':
    case 'all':
    case 'first':
    case 'last':
    case 'minBy':
    case 'maxBy':
    case 'topK':
    case 'histogram':
    case 'collect':
    case 'custom':
      return own === other ? null : differ();
  }
}

/** Two numbers of an aggregate, and the values that Spark made its own from. */
interface Pair {
  readonly own: number;
  readonly other: number;
  readonly values: readonly number[];
  readonly remark: (text: Remark) => void;
  readonly differ: (allowed?: string) => string;
}

function within({ own, other, remark, differ }: Pair, bound: number): string | null {
  if (own === other) return null;
  remark(ROUNDING);
  return Number.isFinite(other) && Math.abs(own - other) <= bound ? null : differ(`±${bound}`);
}

function compareDeviations({ own, other, values, remark, differ }: Pair): string | null {
  if (own === other) return null;
  remark(ROUNDING);
  const bound = varianceError(values, own * own) + 4 * UNIT * own * own;
  return Math.abs(own * own - other * other) <= bound ? null : differ(`±${bound} of their squares`);
}

function compareDistinct({ own, other, remark, differ }: Pair, exact: number): string | null {
  if (own !== other) remark('distinct counts apart, both within their bounds');
  const ownError = exact <= DISTINCT_ERROR.exactUpTo ? 0 : DISTINCT_ERROR.relative * exact;
  const sparkError = Math.max(SPARK_DISTINCT_ERROR.relative * exact, SPARK_DISTINCT_ERROR.least);
  return Math.abs(own - exact) <= ownError && Math.abs(other - exact) <= sparkError
    ? null
    : differ(`${exact} ±${ownError}, and ±${sparkError} in Spark`);
}

/**
 * The allowed error if one of the two is inexact. Bifold's value is near rank `floor(q * (n - 1))`,
 * Spark's is at rank `ceil(q * n)`, from 1 on.
 */
function quantileOff(sorted: readonly number[], q: number, own: number, other: number): string | null {
  const near = sorted[Math.floor(q * (sorted.length - 1))] as number;
  const off = 1 + Math.floor(sorted.length * SPARK_RANK_ERROR);
  const rank = Math.ceil(q * sorted.length) - 1;
  const some = sorted.slice(Math.max(0, rank - off), rank + off + 1);
  const isNear = Math.abs(own - near) <= QUANTILE_ERROR * Math.abs(near);
  return isNear && some.includes(other)
    ? null
    : `${near} ±${QUANTILE_ERROR * Math.abs(near)}, and in Spark ${some.join(' or ')}`;
}

function magnitude(values: readonly number[]): number {
  return values.reduce((total, value) => total + Math.abs(value), 0);
}

/** The largest error of a sum of doubles that is rounded at each step, in any order. */
function sumError(values: readonly number[]): number {
  return values.length * UNIT * magnitude(values);
}

/**
 * The same for a variance by updated moments, as Spark has it: n * u * kappa, relative, where kappa
 * is the root of the squares over the squares of the deviations (Chan, Golub and LeVeque, 1983),
 * with a factor for partial results that are merged.
 */
function varianceError(values: readonly number[], variance: number): number {
  const n = values.length;
  const squares = values.reduce((total, value) => total + value * value, 0);
  const error = 4 * n * UNIT;
  return (error * (Math.sqrt(squares * variance * (n - 1)) + error * squares)) / (n - 1);
}

function shown(values: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(values, (_, value) => (typeof value === 'bigint' ? String(value) : value));
}

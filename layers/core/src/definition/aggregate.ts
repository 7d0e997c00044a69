type Numeric = number | null | undefined;
type Truth = boolean | null | undefined;

/** `'plane.seats'` reads `seats` of the lookup named `plane`, which may be missing. */
export type Nested<F extends string, V> = F extends `${infer L}.${infer R}`
  ? { [K in L]: { [K2 in R]: V } | null }
  : { [K in F]: V };

/**
 * One aggregate of a definition, as plain data; the algebra of each kind lives in one table by kind. `In` is contravariant: an aggregate over
 * `{ fare: number }` accepts every event that has such a field. Nulls and missing values are skipped.
 */
export interface Aggregate<in In, out Result> {
  readonly kind: AggregateKind;
  readonly field?: string;
  readonly where?: string;
  readonly parameter?: number;
  readonly '~in'?: (event: In) => void;
  readonly '~result'?: Result;
}

export type AggregateKind =
  | 'count'
  | 'sum'
  | 'min'
  | 'max'
  | 'mean'
  | 'variance'
  | 'stddev'
  | 'quantile'
  | 'distinct'
  | 'any'
  | 'all';

interface Where<W extends string> {
  /** Name of a boolean column: only records where it is true take part. */
  readonly where: W;
}

/** How many records; with `where`, how many of them have that boolean column true. Exact up to 2^53. */
export function count(): Aggregate<unknown, number>;
export function count<const W extends string>(options: Where<W>): Aggregate<Nested<W, Truth>, number>;
export function count(options?: Where<string>): Aggregate<never, number> {
  return Object.freeze({ kind: 'count', ...(options ? { where: options.where } : {}) });
}

/** The exact sum, rounded once to the nearest double when it is shown; 0 of nothing. */
export function sum<const F extends string>(field: F): Aggregate<Nested<F, Numeric>, number>;
export function sum<const F extends string, const W extends string>(
  field: F,
  options: Where<W>,
): Aggregate<Nested<F, Numeric> & Nested<W, Truth>, number>;
export function sum(field: string, options?: Where<string>): Aggregate<never, number> {
  return ofField('sum', field, options);
}

/** The smallest value; null of nothing. */
export function min<const F extends string>(field: F): Aggregate<Nested<F, Numeric>, number | null>;
export function min<const F extends string, const W extends string>(
  field: F,
  options: Where<W>,
): Aggregate<Nested<F, Numeric> & Nested<W, Truth>, number | null>;
export function min(field: string, options?: Where<string>): Aggregate<never, number | null> {
  return ofField('min', field, options);
}

/** The largest value; null of nothing. */
export function max<const F extends string>(field: F): Aggregate<Nested<F, Numeric>, number | null>;
export function max<const F extends string, const W extends string>(
  field: F,
  options: Where<W>,
): Aggregate<Nested<F, Numeric> & Nested<W, Truth>, number | null>;
export function max(field: string, options?: Where<string>): Aggregate<never, number | null> {
  return ofField('max', field, options);
}

/** The exact sum divided by the count, rounded once to the nearest double; null of nothing. */
export function mean<const F extends string>(field: F): Aggregate<Nested<F, Numeric>, number | null>;
export function mean<const F extends string, const W extends string>(
  field: F,
  options: Where<W>,
): Aggregate<Nested<F, Numeric> & Nested<W, Truth>, number | null>;
export function mean(field: string, options?: Where<string>): Aggregate<never, number | null> {
  return ofField('mean', field, options);
}

/** The variance of a sample, rounded once from exact sums; null of fewer than two. */
export function variance<const F extends string>(field: F): Aggregate<Nested<F, Numeric>, number | null>;
export function variance<const F extends string, const W extends string>(
  field: F,
  options: Where<W>,
): Aggregate<Nested<F, Numeric> & Nested<W, Truth>, number | null>;
export function variance(field: string, options?: Where<string>): Aggregate<never, number | null> {
  return ofField('variance', field, options);
}

/** The standard deviation of a sample: the square root of `variance`; null of fewer than two. */
export function stddev<const F extends string>(field: F): Aggregate<Nested<F, Numeric>, number | null>;
export function stddev<const F extends string, const W extends string>(
  field: F,
  options: Where<W>,
): Aggregate<Nested<F, Numeric> & Nested<W, Truth>, number | null>;
export function stddev(field: string, options?: Where<string>): Aggregate<never, number | null> {
  return ofField('stddev', field, options);
}

/** The value at rank `q` of all, 0 the smallest, 1 the largest, 0.5 the median: at most 0.4 % off; null of nothing. */
export function quantile<const F extends string>(field: F, q: number): Aggregate<Nested<F, Numeric>, number | null>;
export function quantile<const F extends string, const W extends string>(
  field: F,
  q: number,
  options: Where<W>,
): Aggregate<Nested<F, Numeric> & Nested<W, Truth>, number | null>;
export function quantile(field: string, q: number, options?: Where<string>): Aggregate<never, number | null> {
  return ofField('quantile', field, options, q);
}

/** About how many different values of any scalar type, by HyperLogLog: within 1.6 % in two cases of three; 0 of nothing. */
export function distinct<const F extends string>(field: F): Aggregate<Nested<F, unknown>, number>;
export function distinct<const F extends string, const W extends string>(
  field: F,
  options: Where<W>,
): Aggregate<Nested<F, unknown> & Nested<W, Truth>, number>;
export function distinct(field: string, options?: Where<string>): Aggregate<never, number> {
  return ofField('distinct', field, options);
}

/** Whether a boolean was true at least once; null of nothing. */
export function any<const F extends string>(field: F): Aggregate<Nested<F, Truth>, boolean | null>;
export function any(field: string): Aggregate<never, boolean | null> {
  return ofField('any', field);
}

/** Whether a boolean was never false; null of nothing. */
export function all<const F extends string>(field: F): Aggregate<Nested<F, Truth>, boolean | null>;
export function all(field: string): Aggregate<never, boolean | null> {
  return ofField('all', field);
}

function ofField(
  kind: AggregateKind,
  field: string,
  options?: Where<string>,
  parameter?: number,
): Aggregate<never, never> {
  return Object.freeze({
    kind,
    field,
    ...(options ? { where: options.where } : {}),
    ...(parameter === undefined ? {} : { parameter }),
  });
}

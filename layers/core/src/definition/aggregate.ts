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
  readonly '~in'?: (event: In) => void;
  readonly '~result'?: Result;
}

export type AggregateKind = 'count' | 'sum' | 'min' | 'max' | 'mean';

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
  return numeric('sum', field, options);
}

/** The smallest value; null of nothing. */
export function min<const F extends string>(field: F): Aggregate<Nested<F, Numeric>, number | null>;
export function min<const F extends string, const W extends string>(
  field: F,
  options: Where<W>,
): Aggregate<Nested<F, Numeric> & Nested<W, Truth>, number | null>;
export function min(field: string, options?: Where<string>): Aggregate<never, number | null> {
  return numeric('min', field, options);
}

/** The largest value; null of nothing. */
export function max<const F extends string>(field: F): Aggregate<Nested<F, Numeric>, number | null>;
export function max<const F extends string, const W extends string>(
  field: F,
  options: Where<W>,
): Aggregate<Nested<F, Numeric> & Nested<W, Truth>, number | null>;
export function max(field: string, options?: Where<string>): Aggregate<never, number | null> {
  return numeric('max', field, options);
}

/** The exact sum divided by the count, rounded once to the nearest double; null of nothing. */
export function mean<const F extends string>(field: F): Aggregate<Nested<F, Numeric>, number | null>;
export function mean<const F extends string, const W extends string>(
  field: F,
  options: Where<W>,
): Aggregate<Nested<F, Numeric> & Nested<W, Truth>, number | null>;
export function mean(field: string, options?: Where<string>): Aggregate<never, number | null> {
  return numeric('mean', field, options);
}

function numeric(kind: AggregateKind, field: string, options?: Where<string>): Aggregate<never, never> {
  return Object.freeze({ kind, field, ...(options ? { where: options.where } : {}) });
}

import type { AggregateKind } from '../plan/aggregate.ts';
import { refuseUnknownOptions } from './scope.ts';

type Numeric = number | null | undefined;
/** What can be added and compared exactly: numbers, and the texts of decimals. */
type Exact = Numeric | DecimalText;
type Truth = boolean | null | undefined;

/** `'plane.seats'` reads `seats` of the lookup named `plane`, which may be missing. */
export type Nested<F extends string, V> = F extends `${infer L}.${infer R}`
  ? { [K in L]: { [K2 in R]: V } | null }
  : { [K in F]: V };

/**
 * One aggregate of a definition, as plain data; the algebra of each kind lives in one table by
 * kind. `In` is contravariant: an aggregate over `{ fare: number }` accepts every event that has
 * such a field. Nulls and missing values are skipped.
 */
export interface Aggregate<in In, out Result> {
  readonly kind: AggregateKind;
  readonly field?: string;
  readonly second?: string;
  readonly where?: string;
  readonly parameter?: number | readonly number[];
  readonly own?: string;
  readonly '~in'?: (event: In) => void;
  readonly '~result'?: Result;
}

/**
 * The text of a decimal, as `z.templateLiteral([z.number()]).meta({ format: 'decimal' })` has it.
 */
export type DecimalText = `${number}`;

/**
 * Stands in a result's type for a number computed from a field: the text of one where the field is
 * a decimal.
 */
export interface NumberOf<out F extends string> {
  readonly '~numberOf': F;
}

/** Stands in a result's type for a value of a field, until the event's type is known. */
export interface ValueOf<out F extends string> {
  readonly '~valueOf': F;
}

/** The type of a field of an event, or of a lookup of it; null and undefined apart. */
type ValueAt<Event, F extends string> = NonNullable<
  F extends `${infer L}.${infer R}`
    ? L extends keyof Event
      ? R extends keyof NonNullable<Event[L]>
        ? NonNullable<Event[L]>[R]
        : never
      : never
    : F extends keyof Event
      ? Event[F]
      : never
>;

/** One of the most frequent values. */
export type Frequent<Value> = {
  readonly value: Value;
  readonly count: number;
};

/** A result's type over the events of a pipeline. */
export type ResultOver<Event, Result> =
  Result extends ValueOf<infer F>
    ? ValueAt<Event, F>
    : Result extends NumberOf<infer F>
      ? ValueAt<Event, F> extends string
        ? DecimalText
        : number
      : Result extends readonly (infer Item)[]
        ? readonly ResultOver<Event, Item>[]
        : Result extends object
          ? { readonly [K in keyof Result]: ResultOver<Event, Result[K]> }
          : Result;

export interface Where<W extends string> {
  /** Name of a boolean column: only events where it is true count. */
  readonly where: W;
}

/** What an event must have for the condition of an aggregate; nothing where it has none. */
export type ConditionOf<W extends string> = [W] extends [never] ? unknown : Nested<W, Truth>;

/**
 * How many records; with `where`, how many of them have that boolean column true. Exact up to 2^53.
 */
export function count<const W extends string = never>(options?: Where<W>): Aggregate<ConditionOf<NoInfer<W>>, number> {
  return Object.freeze({ kind: 'count', ...whereOf('count', options) });
}

/** The exact sum, rounded once to the nearest double when it is shown; 0 of nothing. */
export function sum<const F extends string, const W extends string = never>(
  field: F,
  options?: Where<W>,
): Aggregate<Nested<F, Exact> & ConditionOf<NoInfer<W>>, NumberOf<F>> {
  return ofField('sum', field, options);
}

/** The smallest value; null of nothing. */
export function min<const F extends string, const W extends string = never>(
  field: F,
  options?: Where<W>,
): Aggregate<Nested<F, Exact> & ConditionOf<NoInfer<W>>, NumberOf<F> | null> {
  return ofField('min', field, options);
}

/** The largest value; null of nothing. */
export function max<const F extends string, const W extends string = never>(
  field: F,
  options?: Where<W>,
): Aggregate<Nested<F, Exact> & ConditionOf<NoInfer<W>>, NumberOf<F> | null> {
  return ofField('max', field, options);
}

/** The exact sum divided by the count, rounded once to the nearest double; null of nothing. */
export function mean<const F extends string, const W extends string = never>(
  field: F,
  options?: Where<W>,
): Aggregate<Nested<F, Exact> & ConditionOf<NoInfer<W>>, NumberOf<F> | null> {
  return ofField('mean', field, options);
}

/** The variance of a sample, rounded once from exact sums; null of fewer than two. */
export function variance<const F extends string, const W extends string = never>(
  field: F,
  options?: Where<W>,
): Aggregate<Nested<F, Numeric> & ConditionOf<NoInfer<W>>, number | null> {
  return ofField('variance', field, options);
}

/** The standard deviation of a sample: the square root of `variance`; null of fewer than two. */
export function stddev<const F extends string, const W extends string = never>(
  field: F,
  options?: Where<W>,
): Aggregate<Nested<F, Numeric> & ConditionOf<NoInfer<W>>, number | null> {
  return ofField('stddev', field, options);
}

/**
 * The value at rank `q` of all, 0 the smallest, 1 the largest, 0.5 the median: at most 0.4 % off;
 * null of nothing.
 */
export function quantile<const F extends string, const W extends string = never>(
  field: F,
  q: number,
  options?: Where<W>,
): Aggregate<Nested<F, Numeric> & ConditionOf<NoInfer<W>>, number | null> {
  return ofField('quantile', field, options, { parameter: q });
}

/**
 * About how many different values of any scalar type, by HyperLogLog: within 1.6 % in two cases of
 * three; 0 of nothing.
 */
export function distinct<const F extends string, const W extends string = never>(
  field: F,
  options?: Where<W>,
): Aggregate<Nested<F, unknown> & ConditionOf<NoInfer<W>>, number> {
  return ofField('distinct', field, options);
}

/** Whether a boolean was true at least once; null of nothing. */
export function any<const F extends string>(field: F): Aggregate<Nested<F, Truth>, boolean | null> {
  return ofField('any', field);
}

/** Whether a boolean was never false; null of nothing. */
export function all<const F extends string>(field: F): Aggregate<Nested<F, Truth>, boolean | null> {
  return ofField('all', field);
}

/**
 * The covariance of two fields over a sample, rounded once from exact sums; records that lack
 * either take no part; null of fewer than two.
 */
export function covariance<const X extends string, const Y extends string, const W extends string = never>(
  x: X,
  y: Y,
  options?: Where<W>,
): Aggregate<Nested<X, Numeric> & Nested<Y, Numeric> & ConditionOf<NoInfer<W>>, number | null> {
  return ofField('covariance', x, options, { second: y });
}

/**
 * Pearson's correlation of two fields, from -1 to 1, rounded once from exact sums; records that
 * lack either take no part; null of fewer than two, and where a field never changes.
 */
export function correlation<const X extends string, const Y extends string, const W extends string = never>(
  x: X,
  y: Y,
  options?: Where<W>,
): Aggregate<Nested<X, Numeric> & Nested<Y, Numeric> & ConditionOf<NoInfer<W>>, number | null> {
  return ofField('correlation', x, options, { second: y });
}

/**
 * The value of the earliest event that has one, by event time, then by partition and offset; null
 * of nothing.
 */
export function first<const F extends string, const W extends string = never>(
  field: F,
  options?: Where<W>,
): Aggregate<Nested<F, unknown> & ConditionOf<NoInfer<W>>, ValueOf<F> | null> {
  return ofField('first', field, options);
}

/**
 * The value of the latest event that has one, by event time, then by partition and offset; null of
 * nothing. In a `running()` window: the latest by key.
 */
export function last<const F extends string, const W extends string = never>(
  field: F,
  options?: Where<W>,
): Aggregate<Nested<F, unknown> & ConditionOf<NoInfer<W>>, ValueOf<F> | null> {
  return ofField('last', field, options);
}

/**
 * The value of the event at which another field is smallest, of several the earliest; records that
 * lack either take no part; null of nothing.
 */
export function minBy<const X extends string, const Y extends string, const W extends string = never>(
  field: X,
  by: Y,
  options?: Where<W>,
): Aggregate<Nested<X, unknown> & Nested<Y, unknown> & ConditionOf<NoInfer<W>>, ValueOf<X> | null> {
  return ofField('minBy', field, options, { second: by });
}

/**
 * The value of the event at which another field is largest, of several the earliest; records that
 * lack either take no part; null of nothing.
 */
export function maxBy<const X extends string, const Y extends string, const W extends string = never>(
  field: X,
  by: Y,
  options?: Where<W>,
): Aggregate<Nested<X, unknown> & Nested<Y, unknown> & ConditionOf<NoInfer<W>>, ValueOf<X> | null> {
  return ofField('maxBy', field, options, { second: by });
}

/**
 * The `k` most frequent values and how often each came, exact; those that came equally often in
 * their order. Null of more than 4,096 different values, or 64 KiB of them.
 */
export function topK<const F extends string, const W extends string = never>(
  field: F,
  k: number,
  options?: Where<W>,
): Aggregate<Nested<F, unknown> & ConditionOf<NoInfer<W>>, readonly Frequent<ValueOf<F>>[] | null> {
  return ofField('topK', field, options, { parameter: k });
}

/**
 * How many numbers lie below the first edge, from each edge to the next, and from the last on: one
 * count more than edges, which ascend.
 */
export function histogram<const F extends string, const W extends string = never>(
  field: F,
  edges: readonly number[],
  options?: Where<W>,
): Aggregate<Nested<F, Numeric> & ConditionOf<NoInfer<W>>, readonly number[]> {
  // A sign of zero would be lost on the way into the plan's hash.
  const parameter = Array.isArray(edges) ? Object.freeze(edges.map((edge) => edge + 0)) : edges;
  return ofField('histogram', field, options, { parameter });
}

/**
 * The first `n` values by event time, then by partition and offset; null when they take more than
 * 64 KiB.
 */
export function collect<const F extends string, const W extends string = never>(
  field: F,
  n: number,
  options?: Where<W>,
): Aggregate<Nested<F, unknown> & ConditionOf<NoInfer<W>>, readonly ValueOf<F>[] | null> {
  return ofField('collect', field, options, { parameter: n });
}

function whereOf(kind: AggregateKind, options: Where<string> | undefined): Partial<Where<string>> {
  if (options === undefined) return {};
  refuseUnknownOptions(`an aggregate "${kind}"`, options, ['where']);
  return { where: options.where };
}

export function ofField<In, Result>(
  kind: AggregateKind,
  field: string,
  options?: Where<string>,
  more: Pick<Aggregate<never, never>, 'second' | 'parameter' | 'own'> = {},
): Aggregate<In, Result> {
  return Object.freeze({ kind, field, ...more, ...whereOf(kind, options) });
}

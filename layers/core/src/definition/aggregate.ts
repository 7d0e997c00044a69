import type { AggregateKind } from '../plan/aggregate.ts';
import { refuseUnknownOptions } from './scope.ts';

type Numeric = number | null | undefined;
/** Values that can be added and compared exactly: numbers, and the texts of decimals. */
type Exact = Numeric | DecimalText;
type Truth = boolean | null | undefined;

/** `'plane.seats'` reads `seats` of the lookup named `plane`, which may be missing. */
export type Nested<F extends string, V> = F extends `${infer L}.${infer R}`
  ? { [K in L]: { [K2 in R]: V } | null }
  : { [K in F]: V };

/**
 * One aggregate of a definition, as frozen plain data. `In` is the type that a record must have: an
 * aggregate over `{ fare: number }` accepts every event with such a field. Null and missing values
 * are skipped.
 * @example
 * const aggregates: Record<string, Aggregate<unknown, number>> = { rides: count() };
 * const pipeline = definePipeline({ ...perCity, aggregates });
 */
export interface Aggregate<in In, out Result> {
  /** The name of the function that made it; `own` for `defineAggregate`. */
  readonly kind: AggregateKind;
  /** The input column. */
  readonly field?: string;
  /** The second input column, for aggregates with two. */
  readonly second?: string;
  /** The boolean column that selects records. */
  readonly where?: string;
  /** A rank, a number of values, or edges. */
  readonly parameter?: number | readonly number[];
  /** Name and version of a custom aggregate. */
  readonly own?: string;
  readonly '~in'?: (event: In) => void;
  readonly '~result'?: Result;
}

/**
 * The text of a decimal, declared by `z.templateLiteral([z.number()]).meta({ format: 'decimal' })`.
 */
export type DecimalText = `${number}`;

/**
 * Placeholder in a result type: a number computed from a field, or its text if the field is a
 * decimal.
 */
export interface NumberOf<out F extends string> {
  readonly '~numberOf': F;
}

/** Placeholder in a result type: a value of a field whose type is not known yet. */
export interface ValueOf<out F extends string> {
  readonly '~valueOf': F;
}

/** The type of a field of an event or of a lookup, without null and undefined. */
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

/** The type of a result, given the event type of the pipeline. */
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
  /** The name of a boolean column: only events where it is true count. */
  readonly where: W;
}

/** The columns that an aggregate's condition needs; none if there is no condition. */
export type ConditionOf<W extends string> = [W] extends [never] ? unknown : Nested<W, Truth>;

/**
 * The number of records; with `where`, of those in which a boolean column is true. Exact up to
 * 2^53. A condition that is null excludes a record.
 *
 * @param options - the boolean column that selects records
 * @throws {DefinitionError} BIFOLD_NOT_BOOLEAN if the column of `where` is not boolean
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if the column of `where` does not exist
 * @throws {DefinitionError} BIFOLD_UNKNOWN_OPTION if an option does not exist
 * @example
 * const rideCounts = definePipeline({
 *   ...perCity,
 *   aggregates: { rides: count(), shared: count({ where: 'isShared' }) },
 * });
 */
export function count<const W extends string = never>(options?: Where<W>): Aggregate<ConditionOf<NoInfer<W>>, number> {
  return Object.freeze({ kind: 'count', ...whereOf('count', options) });
}

/**
 * The exact sum, rounded once to the nearest double. The sum of decimals is a decimal. Nulls are
 * skipped; the sum of no value is 0.
 *
 * @param field - a numeric or decimal column
 * @param options - the boolean column that selects records
 * @throws {DefinitionError} BIFOLD_NOT_NUMERIC if the column is neither numeric nor decimal
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if the column does not exist
 * @example
 * const income = definePipeline({
 *   ...perCity,
 *   aggregates: { fares: sum('fare'), sharedFares: sum('fare', { where: 'isShared' }) },
 * });
 */
export function sum<const F extends string, const W extends string = never>(
  field: F,
  options?: Where<W>,
): Aggregate<Nested<F, Exact> & ConditionOf<NoInfer<W>>, NumberOf<F>> {
  return ofField('sum', field, options);
}

/**
 * The smallest value. Nulls are skipped; null if there is no value.
 *
 * @param field - a numeric or decimal column
 * @param options - the boolean column that selects records
 * @throws {DefinitionError} BIFOLD_NOT_NUMERIC if the column is neither numeric nor decimal
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if the column does not exist
 * @example
 * const cheapest = definePipeline({ ...perCity, aggregates: { fare: min('fare') } });
 */
export function min<const F extends string, const W extends string = never>(
  field: F,
  options?: Where<W>,
): Aggregate<Nested<F, Exact> & ConditionOf<NoInfer<W>>, NumberOf<F> | null> {
  return ofField('min', field, options);
}

/**
 * The largest value. Nulls are skipped; null if there is no value.
 *
 * @param field - a numeric or decimal column
 * @param options - the boolean column that selects records
 * @throws {DefinitionError} BIFOLD_NOT_NUMERIC if the column is neither numeric nor decimal
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if the column does not exist
 * @example
 * const longest = definePipeline({ ...perCity, aggregates: { minutes: max('minutes') } });
 */
export function max<const F extends string, const W extends string = never>(
  field: F,
  options?: Where<W>,
): Aggregate<Nested<F, Exact> & ConditionOf<NoInfer<W>>, NumberOf<F> | null> {
  return ofField('max', field, options);
}

/**
 * The exact sum divided by the count, rounded once to the nearest double. A mean of decimals is
 * rounded half to even to 18 decimal places, or to as many as the sum has. Nulls are skipped; null
 * if there is no value.
 *
 * @param field - a numeric or decimal column
 * @param options - the boolean column that selects records
 * @throws {DefinitionError} BIFOLD_NOT_NUMERIC if the column is neither numeric nor decimal
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if the column does not exist
 * @example
 * const usual = definePipeline({ ...perCity, aggregates: { fare: mean('fare') } });
 */
export function mean<const F extends string, const W extends string = never>(
  field: F,
  options?: Where<W>,
): Aggregate<Nested<F, Exact> & ConditionOf<NoInfer<W>>, NumberOf<F> | null> {
  return ofField('mean', field, options);
}

/**
 * The sample variance, rounded once from exact sums. Nulls are skipped; null of fewer than two
 * values.
 *
 * @param field - a numeric column
 * @param options - the boolean column that selects records
 * @throws {DefinitionError} BIFOLD_NOT_NUMERIC if the column is not numeric
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if the column does not exist
 * @example
 * const spread = definePipeline({ ...perCity, aggregates: { fare: variance('fare') } });
 */
export function variance<const F extends string, const W extends string = never>(
  field: F,
  options?: Where<W>,
): Aggregate<Nested<F, Numeric> & ConditionOf<NoInfer<W>>, number | null> {
  return ofField('variance', field, options);
}

/**
 * The sample standard deviation: the square root of `variance`. Nulls are skipped; null of fewer
 * than two values.
 *
 * @param field - a numeric column
 * @param options - the boolean column that selects records
 * @throws {DefinitionError} BIFOLD_NOT_NUMERIC if the column is not numeric
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if the column does not exist
 * @example
 * const spread = definePipeline({ ...perCity, aggregates: { fare: stddev('fare') } });
 */
export function stddev<const F extends string, const W extends string = never>(
  field: F,
  options?: Where<W>,
): Aggregate<Nested<F, Numeric> & ConditionOf<NoInfer<W>>, number | null> {
  return ofField('stddev', field, options);
}

/**
 * The value at rank `q`, at most 0.4 % off. Nulls are skipped; null if there is no value.
 *
 * @param field - a numeric column
 * @param q - the rank from 0, the smallest value, to 1, the largest; 0.5 is the median
 * @param options - the boolean column that selects records
 * @throws {DefinitionError} BIFOLD_BAD_AGGREGATE if the rank is not a number from 0 to 1
 * @throws {DefinitionError} BIFOLD_NOT_NUMERIC if the column is not numeric
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if the column does not exist
 * @example
 * const durations = definePipeline({
 *   ...perCity,
 *   aggregates: { median: quantile('minutes', 0.5), slowest: quantile('minutes', 0.99) },
 * });
 */
export function quantile<const F extends string, const W extends string = never>(
  field: F,
  q: number,
  options?: Where<W>,
): Aggregate<Nested<F, Numeric> & ConditionOf<NoInfer<W>>, number | null> {
  return ofField('quantile', field, options, { parameter: q });
}

/**
 * The number of different values: exact up to 256, then with a standard error of 1.6 %
 * (HyperLogLog). Nulls are skipped; 0 if there is no value.
 *
 * @param field - a text, numeric, boolean, timestamp or decimal column
 * @param options - the boolean column that selects records
 * @throws {DefinitionError} BIFOLD_NOT_SCALAR if the column is nested or mixed
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if the column does not exist
 * @example
 * const staff = definePipeline({ ...perCity, aggregates: { drivers: distinct('driver') } });
 */
export function distinct<const F extends string, const W extends string = never>(
  field: F,
  options?: Where<W>,
): Aggregate<Nested<F, unknown> & ConditionOf<NoInfer<W>>, number> {
  return ofField('distinct', field, options);
}

/**
 * Whether a boolean was true at least once. Nulls are skipped; null if there is no value.
 *
 * @param field - a boolean column
 * @throws {DefinitionError} BIFOLD_NOT_BOOLEAN if the column is not boolean
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if the column does not exist
 * @example
 * const sharing = definePipeline({ ...perCity, aggregates: { wasShared: any('isShared') } });
 */
export function any<const F extends string>(field: F): Aggregate<Nested<F, Truth>, boolean | null> {
  return ofField('any', field);
}

/**
 * Whether a boolean was never false. Nulls are skipped; null if there is no value.
 *
 * @param field - a boolean column
 * @throws {DefinitionError} BIFOLD_NOT_BOOLEAN if the column is not boolean
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if the column does not exist
 * @example
 * const sharing = definePipeline({ ...perCity, aggregates: { onlyShared: all('isShared') } });
 */
export function all<const F extends string>(field: F): Aggregate<Nested<F, Truth>, boolean | null> {
  return ofField('all', field);
}

/**
 * The sample covariance of two columns, rounded once from exact sums. Records in which either is
 * null are skipped; null of fewer than two pairs.
 *
 * @param x - a numeric column
 * @param y - a numeric column
 * @param options - the boolean column that selects records
 * @throws {DefinitionError} BIFOLD_NOT_NUMERIC if a column is not numeric
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if a column does not exist
 * @example
 * const tipping = definePipeline({ ...perCity, aggregates: { both: covariance('fare', 'tip') } });
 */
export function covariance<const X extends string, const Y extends string, const W extends string = never>(
  x: X,
  y: Y,
  options?: Where<W>,
): Aggregate<Nested<X, Numeric> & Nested<Y, Numeric> & ConditionOf<NoInfer<W>>, number | null> {
  return ofField('covariance', x, options, { second: y });
}

/**
 * Pearson's correlation of two columns, from -1 to 1, rounded once from exact sums. Records in
 * which either is null are skipped. Null of fewer than two pairs, and if a column never changes.
 *
 * @param x - a numeric column
 * @param y - a numeric column
 * @param options - the boolean column that selects records
 * @throws {DefinitionError} BIFOLD_NOT_NUMERIC if a column is not numeric
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if a column does not exist
 * @example
 * const tipping = definePipeline({ ...perCity, aggregates: { both: correlation('fare', 'tip') } });
 */
export function correlation<const X extends string, const Y extends string, const W extends string = never>(
  x: X,
  y: Y,
  options?: Where<W>,
): Aggregate<Nested<X, Numeric> & Nested<Y, Numeric> & ConditionOf<NoInfer<W>>, number | null> {
  return ofField('correlation', x, options, { second: y });
}

/**
 * The value of the earliest event that has one, by event time, then by partition and offset. Nulls
 * are skipped; null if there is no value.
 *
 * @param field - a text, numeric, boolean, timestamp or decimal column
 * @param options - the boolean column that selects records
 * @throws {DefinitionError} BIFOLD_NOT_SCALAR if the column is nested or mixed
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if the column does not exist
 * @example
 * const openings = definePipeline({ ...perCity, aggregates: { firstDriver: first('driver') } });
 */
export function first<const F extends string, const W extends string = never>(
  field: F,
  options?: Where<W>,
): Aggregate<Nested<F, unknown> & ConditionOf<NoInfer<W>>, ValueOf<F> | null> {
  return ofField('first', field, options);
}

/**
 * The value of the latest event that has one, by event time, then by partition and offset. In a
 * `running()` window it is the latest value of each key. Nulls are skipped; null if there is no
 * value.
 *
 * @param field - a text, numeric, boolean, timestamp or decimal column
 * @param options - the boolean column that selects records
 * @throws {DefinitionError} BIFOLD_NOT_SCALAR if the column is nested or mixed
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if the column does not exist
 * @example
 * const whereabouts = definePipeline({
 *   name: 'whereabouts',
 *   from: rides,
 *   groupBy: ['driver'],
 *   windows: { ever: running() },
 *   aggregates: { city: last('city') },
 * });
 */
export function last<const F extends string, const W extends string = never>(
  field: F,
  options?: Where<W>,
): Aggregate<Nested<F, unknown> & ConditionOf<NoInfer<W>>, ValueOf<F> | null> {
  return ofField('last', field, options);
}

/**
 * The value of one column at the event where another one is smallest; of several, the earliest.
 * Records in which either is null are skipped; null if there is none.
 *
 * @param field - the column to return
 * @param by - the column to compare
 * @param options - the boolean column that selects records
 * @throws {DefinitionError} BIFOLD_NOT_SCALAR if a column is nested or mixed
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if a column does not exist
 * @example
 * const cheapest = definePipeline({ ...perCity, aggregates: { driver: minBy('driver', 'fare') } });
 */
export function minBy<const X extends string, const Y extends string, const W extends string = never>(
  field: X,
  by: Y,
  options?: Where<W>,
): Aggregate<Nested<X, unknown> & Nested<Y, unknown> & ConditionOf<NoInfer<W>>, ValueOf<X> | null> {
  return ofField('minBy', field, options, { second: by });
}

/**
 * The value of one column at the event where another one is largest; of several, the earliest.
 * Records in which either is null are skipped; null if there is none.
 *
 * @param field - the column to return
 * @param by - the column to compare
 * @param options - the boolean column that selects records
 * @throws {DefinitionError} BIFOLD_NOT_SCALAR if a column is nested or mixed
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if a column does not exist
 * @example
 * const dearest = definePipeline({ ...perCity, aggregates: { driver: maxBy('driver', 'fare') } });
 */
export function maxBy<const X extends string, const Y extends string, const W extends string = never>(
  field: X,
  by: Y,
  options?: Where<W>,
): Aggregate<Nested<X, unknown> & Nested<Y, unknown> & ConditionOf<NoInfer<W>>, ValueOf<X> | null> {
  return ofField('maxBy', field, options, { second: by });
}

/**
 * The `k` most frequent values with their counts, exact. Equally frequent values are in the order
 * of the values. Nulls are skipped. Null above 4,096 different values, or 64 KiB of them.
 *
 * @param field - a text, numeric, boolean, timestamp or decimal column
 * @param k - how many values, from 1 to 1,000
 * @param options - the boolean column that selects records
 * @throws {DefinitionError} BIFOLD_BAD_AGGREGATE if `k` is not a whole number from 1 to 1,000
 * @throws {DefinitionError} BIFOLD_NOT_SCALAR if the column is nested or mixed
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if the column does not exist
 * @example
 * const busiest = definePipeline({ ...perCity, aggregates: { drivers: topK('driver', 10) } });
 */
export function topK<const F extends string, const W extends string = never>(
  field: F,
  k: number,
  options?: Where<W>,
): Aggregate<Nested<F, unknown> & ConditionOf<NoInfer<W>>, readonly Frequent<ValueOf<F>>[] | null> {
  return ofField('topK', field, options, { parameter: k });
}

/**
 * Counts of numbers below the first edge, from each edge to the next, and from the last edge on.
 * There is one count more than edges. Nulls are skipped; all counts are 0 if there is no value.
 *
 * @param field - a numeric column
 * @param edges - 1 to 1,000 finite numbers in ascending order; a number equal to an edge is counted
 *   above it
 * @param options - the boolean column that selects records
 * @throws {DefinitionError} BIFOLD_BAD_AGGREGATE if the edges are not such numbers
 * @throws {DefinitionError} BIFOLD_NOT_NUMERIC if the column is not numeric
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if the column does not exist
 * @example
 * const durations = definePipeline({
 *   ...perCity,
 *   aggregates: { minutes: histogram('minutes', [10, 30, 60]) },
 * });
 */
export function histogram<const F extends string, const W extends string = never>(
  field: F,
  edges: readonly number[],
  options?: Where<W>,
): Aggregate<Nested<F, Numeric> & ConditionOf<NoInfer<W>>, readonly number[]> {
  // JSON has no -0, so the plan's hash would not contain the sign of zero.
  const parameter = Array.isArray(edges) ? Object.freeze(edges.map((edge) => edge + 0)) : edges;
  return ofField('histogram', field, options, { parameter });
}

/**
 * The first `n` values by event time, then by partition and offset. Nulls are skipped; an empty
 * list if there is no value. Null if the values take more than 64 KiB.
 *
 * @param field - a text, numeric, boolean, timestamp or decimal column
 * @param n - how many values, from 1 to 1,000
 * @param options - the boolean column that selects records
 * @throws {DefinitionError} BIFOLD_BAD_AGGREGATE if `n` is not a whole number from 1 to 1,000
 * @throws {DefinitionError} BIFOLD_NOT_SCALAR if the column is nested or mixed
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if the column does not exist
 * @example
 * const early = definePipeline({ ...perCity, aggregates: { drivers: collect('driver', 5) } });
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

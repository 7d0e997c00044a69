import {
  type Aggregate,
  type ConditionOf,
  type Exact,
  type Nested,
  type NumberOf,
  type Numeric,
  ofField,
  type Where,
} from './aggregate.ts';

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

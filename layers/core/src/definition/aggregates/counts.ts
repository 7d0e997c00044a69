import {
  type Aggregate,
  type ConditionOf,
  type Frequent,
  type Nested,
  ofField,
  type ValueOf,
  type Where,
  whereOf,
} from './aggregate.ts';

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

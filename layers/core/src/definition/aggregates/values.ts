import { type Aggregate, type ConditionOf, type Nested, ofField, type ValueOf, type Where } from './aggregate.ts';

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

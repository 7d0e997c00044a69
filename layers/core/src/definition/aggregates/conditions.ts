import { type Aggregate, type Nested, ofField, type Truth } from './aggregate.ts';

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

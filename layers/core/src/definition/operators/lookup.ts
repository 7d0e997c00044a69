import type { Missing } from '../../plan/lookup.ts';
import { checkIdentifier, checkResourceName } from '../identifier.ts';
import { refuseUnknownOptions } from '../scope.ts';
import type { EventSchema, OutputOf } from '../source/schema.ts';

/**
 * A table of reference rows, which `bifold lookup load` loads in whole versions. `table` makes one.
 * @example
 * const known: LookupTable<{ driver: string; since: number; car: string | null }> = drivers;
 */
export interface LookupTable<Row> {
  /** The name under which the table is loaded. */
  readonly name: string;
  /** The schema of a row. */
  readonly schema: EventSchema;
  /** The column that identifies a row. */
  readonly key: string;
  readonly '~row'?: Row;
}

interface TableOptions<S extends EventSchema> {
  /** A Standard Schema with JSON Schema output, such as `z.object({ ... })` of zod 4. */
  readonly schema: S;
  /** The text or integer column that identifies a row. */
  readonly key: keyof OutputOf<S> & string;
}

/**
 * Declares a table of reference rows. `bifold lookup load` loads its rows.
 *
 * @param name - a letter, then letters, digits, underscores, dots and dashes
 * @param options - the columns of the table
 * @throws {DefinitionError} BIFOLD_BAD_NAME if the name or the key cannot be used
 * @throws {DefinitionError} BIFOLD_SCHEMA_NOT_STANDARD if the schema is not a Standard Schema with
 *   JSON Schema output
 * @throws {DefinitionError} BIFOLD_UNKNOWN_OPTION if an option does not exist
 * @example
 * const airports = table('airports', {
 *   schema: z.object({ code: z.string(), city: z.string() }),
 *   key: 'code',
 * });
 */
export function table<S extends EventSchema>(name: string, options: TableOptions<S>): LookupTable<OutputOf<S>> {
  refuseUnknownOptions(`lookup table "${name}"`, options, ['schema', 'key']);
  return Object.freeze({
    name: checkResourceName('a lookup table', name),
    schema: options.schema,
    key: checkIdentifier('the key of a lookup table', options.key),
  });
}

export interface Lookup<On extends string, Row> {
  readonly table: LookupTable<Row>;
  readonly on: On;
  readonly missing: Missing;
}

interface LookupOptions<On extends string> {
  /** The text or integer field of the record that holds the key. */
  readonly on: On;
  /**
   * The treatment of records without a row. `null`, the default, gives null columns; `drop`
   * excludes the record.
   */
  readonly missing?: Missing;
}

/**
 * Joins a table by its key, as columns such as `driver.since`. Each segment of the log is bound to
 * one version of the table, so both layers see the same rows. A null key finds no row.
 *
 * @param table - the table to read
 * @param options - the field to look up, and the treatment of records without a row
 * @throws {DefinitionError} BIFOLD_BAD_LOOKUP_KEY if the field and the key are not both texts or
 *   both integers
 * @throws {DefinitionError} BIFOLD_BAD_MISSING if `missing` is neither `null` nor `drop`
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if the record has no such field
 * @throws {DefinitionError} BIFOLD_UNKNOWN_OPTION if an option does not exist
 * @example
 * const experience = definePipeline({
 *   ...perCity,
 *   lookups: { driver_row: lookup(drivers, { on: 'driver', missing: 'drop' }) },
 *   aggregates: { earliest: min('driver_row.since') },
 * });
 */
export function lookup<Row, const On extends string>(
  table: LookupTable<Row>,
  options: LookupOptions<On>,
): Lookup<On, Row> {
  refuseUnknownOptions(`a lookup in table "${table.name}"`, options, ['on', 'missing']);
  return Object.freeze({ table, on: options.on, missing: options.missing ?? 'null' });
}

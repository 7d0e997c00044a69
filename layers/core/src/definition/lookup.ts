import type { Missing } from '../plan/lookup.ts';
import { checkIdentifier, checkResourceName } from './identifier.ts';
import type { EventSchema, OutputOf } from './schema.ts';
import { refuseUnknownOptions } from './scope.ts';

/** A table of reference rows, loaded in whole versions: `bifold lookup load`. */
export interface LookupTable<Row> {
  readonly name: string;
  readonly schema: EventSchema;
  readonly key: string;
  readonly '~row'?: Row;
}

export function table<S extends EventSchema>(
  name: string,
  options: { readonly schema: S; readonly key: keyof OutputOf<S> & string },
): LookupTable<OutputOf<S>> {
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

/**
 * Joins a table by its key. The version of the table is bound once per segment of the log, so that
 * batch and speed see the same rows.
 */
export function lookup<Row, const On extends string>(
  table: LookupTable<Row>,
  options: { readonly on: On; readonly missing?: Missing },
): Lookup<On, Row> {
  refuseUnknownOptions(`a lookup in table "${table.name}"`, options, ['on', 'missing']);
  return Object.freeze({ table, on: options.on, missing: options.missing ?? 'null' });
}

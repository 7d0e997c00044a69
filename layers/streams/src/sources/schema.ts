import { type Column, columnsOf, type EventSchema } from '@bifold/core/engine';

/** The TypeScript type of a record that the schema accepts. */
export type OutputOf<S extends EventSchema> = NonNullable<S['~standard']['types']>['output'];

/** A column of a source that declares its own columns. */
export function columnOf(name: string, type: Column['type'], nullable = false): Column {
  return Object.freeze({ name, type, nullable });
}

/**
 * The columns of a schema in the order of their declaration. Core sorts columns by name, so that
 * their order carries no meaning. A person expects them as written.
 */
export function declaredColumns(role: string, schema: EventSchema): readonly Column[] {
  const columns = new Map(columnsOf(role, schema).map((each) => [each.name, each]));
  const described = schema['~standard'].jsonSchema.input({ target: 'draft-2020-12' });
  return Object.keys(described.properties as object).map((name) => columns.get(name) as Column);
}

/** The types of columns by name. */
export function columnsFingerprint(columns: readonly Column[]): object {
  return Object.fromEntries(columns.map(({ name, type, nullable }) => [name, { type, nullable }]));
}

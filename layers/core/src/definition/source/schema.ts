import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import { DefinitionError } from '../../errors.ts';
import type { Column, ColumnType } from '../../plan/column.ts';
import { checkIdentifier } from '../identifier.ts';

/**
 * A schema that validates a record and describes its columns: any Standard Schema with JSON Schema
 * output.
 */
export type EventSchema = StandardSchemaV1 & StandardJSONSchemaV1;
export type OutputOf<S extends StandardSchemaV1> = StandardSchemaV1.InferOutput<S>;

interface JsonSchemaNode {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly anyOf?: readonly JsonSchemaNode[];
  readonly oneOf?: readonly JsonSchemaNode[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly items?: JsonSchemaNode | boolean;
  readonly prefixItems?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchemaNode>>;
  readonly required?: readonly string[];
}

/**
 * The columns of a schema, from its **input** side: the JSON of the record, before any
 * transformation. They are sorted by name, so that their order carries no meaning.
 */
export function columnsOf(role: string, schema: EventSchema): readonly Column[] {
  const { properties, required } = describedFields(role, schema);
  return Object.entries(properties)
    .map(([name, node]) => {
      const { type, nullable } = columnType(node);
      const items = type === 'json' ? itemsType(node) : null;
      return Object.freeze({
        name: checkIdentifier(`a field of ${role}`, name),
        type,
        nullable: nullable || !required.has(name),
        ...(items === null ? {} : { items: Object.freeze(items) }),
      });
    })
    .sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** The fields that a record may omit. */
export function optionalFieldsOf(role: string, schema: EventSchema): ReadonlySet<string> {
  const { properties, required } = describedFields(role, schema);
  return new Set(Object.keys(properties).filter((name) => !required.has(name)));
}

interface Fields {
  readonly properties: Readonly<Record<string, JsonSchemaNode>>;
  readonly required: ReadonlySet<string>;
}

function describedFields(role: string, schema: EventSchema): Fields {
  const standard = schema?.['~standard'];
  if (typeof standard?.validate !== 'function' || typeof standard.jsonSchema?.input !== 'function') {
    throw new DefinitionError('BIFOLD_SCHEMA_NOT_STANDARD', {
      failed: `${role} has a schema that describes no columns`,
      received: schema === undefined ? 'undefined' : typeof schema,
      allowed: 'a Standard Schema with JSON Schema output, such as z.object({ ... }) of zod 4',
      remedy: 'pass such a schema',
    });
  }
  let described: JsonSchemaNode;
  try {
    described = standard.jsonSchema.input({ target: 'draft-2020-12' }) as JsonSchemaNode;
  } catch (cause) {
    throw new DefinitionError(
      'BIFOLD_SCHEMA_NOT_DESCRIBABLE',
      {
        failed: `${role} has a schema whose input side has no JSON Schema`,
        received: cause instanceof Error ? cause.message : String(cause),
        allowed: 'types that exist on the wire: text, numbers, booleans, date-time texts, null',
        remedy: 'describe the wire (for a time, z.iso.datetime() rather than z.date())',
      },
      { cause },
    );
  }
  if (described.type !== 'object' || !described.properties) {
    throw new DefinitionError('BIFOLD_SCHEMA_NOT_OBJECT', {
      failed: `${role} has a schema that is not an object`,
      received: JSON.stringify(described.type ?? Object.keys(described)),
      allowed: 'an object with named fields',
      remedy: 'wrap the value in z.object({ ... })',
    });
  }
  return { properties: described.properties, required: new Set(described.required ?? []) };
}

function columnType(node: JsonSchemaNode): { type: ColumnType; nullable: boolean } {
  const variants = variantsOf(node);
  const present = variants.filter((variant) => variant.type !== 'null');
  const types = new Set(present.map(singleType));
  if (types.size === 2 && types.has('integer') && types.has('double')) types.delete('integer');
  const [only, ...others] = types;
  return {
    type: only !== undefined && others.length === 0 ? only : 'json',
    // A node without a type allows any value, including null. The schema validates it.
    nullable: variants.some((variant) => variant.type === 'null' || variant.type === undefined),
  };
}

/** The type of an item if every value is an array or null, else null. */
function itemsType(node: JsonSchemaNode): NonNullable<Column['items']> | null {
  const arrays = variantsOf(node).filter((variant) => variant.type !== 'null');
  const [only, ...others] = arrays;
  if (only?.type !== 'array' || others.length > 0 || only.prefixItems !== undefined) return null;
  if (typeof only.items !== 'object') return null;
  const { type, nullable } = columnType(only.items);
  return type === 'json' || type === 'timestamp' || type === 'decimal' ? null : { type, nullable };
}

/** The alternatives of a node, each of one type. Nested unions are flattened. */
function variantsOf(node: JsonSchemaNode): readonly JsonSchemaNode[] {
  const alternatives = node.anyOf ?? node.oneOf;
  if (alternatives) return alternatives.flatMap(variantsOf);
  return typeof node.type === 'object' ? node.type.map((type) => ({ ...node, type })) : [node];
}

function singleType(node: JsonSchemaNode): ColumnType {
  switch (node.type) {
    case 'integer':
      return 'integer';
    case 'number':
      return 'double';
    case 'boolean':
      return 'boolean';
    case 'string':
      return node.format === 'date-time' ? 'timestamp' : node.format === 'decimal' ? 'decimal' : 'text';
    default:
      return 'json';
  }
}

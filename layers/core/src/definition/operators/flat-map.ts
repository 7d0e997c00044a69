import { fieldsOf } from '../../expression/operands.ts';
import { typedExpression } from '../../expression/type.ts';
import type { Column } from '../../plan/column.ts';
import type { ExpressionNode } from '../../plan/expression.ts';
import type { FlatMapPlan, ItemsNode } from '../../plan/flat-map.ts';
import type { Nested } from '../aggregates/aggregate.ts';
import { Expression, type FieldType } from '../expressions/expression.ts';
import { checkIdentifier } from '../identifier.ts';
import { type ColumnScope, refuse } from '../scope.ts';

/**
 * Several values of one record. `Value` is the TypeScript type of one value, `In` the type that a
 * record must have.
 */
export interface Items<out Value, in In> {
  readonly node: ItemsNode;
  readonly '~value'?: Value;
  readonly '~in'?: (event: In) => void;
}

type Scalar = string | number | boolean | null;
/** Placeholder for the type of an array item, until the topic of the definition is known. */
export interface ItemType<F extends string> {
  readonly '~itemOf': F;
}

type Text = Expression<string | null | FieldType<string>, never>;
type NeedsOfText<O> = O extends string
  ? string extends O
    ? unknown
    : Nested<O, string | null | undefined>
  : O extends Expression<infer V, infer In>
    ? In &
        (V extends FieldType<infer F> ? (string extends F ? unknown : Nested<F, string | null | undefined>) : unknown)
    : unknown;

/**
 * Yields one event for each part of a text between separators. Empty parts are dropped. A record
 * whose text is null yields no event.
 *
 * @param text - the name of a text field, or an expression of text over fields of the record
 * @param separator - one character or more
 * @throws {DefinitionError} BIFOLD_BAD_FLAT_MAP if the field is not text, the separator is empty,
 *   or `flatMap` has more than one column
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if the record has no such field
 * @example
 * const words = definePipeline({
 *   name: 'words',
 *   from: rides,
 *   flatMap: { word: split(field('comment').lower(), ' ') },
 *   groupBy: ['word'],
 *   windows: { daily: tumbling('1d') },
 *   aggregates: { times: count() },
 * });
 */
export function split<const O extends string | Text>(text: O, separator: string): Items<string, NeedsOfText<O>> {
  const node: ExpressionNode =
    text instanceof Expression ? text.node : Object.freeze({ kind: 'field', field: text as string });
  return Object.freeze({ node: Object.freeze({ kind: 'split', text: node, separator }) });
}

/**
 * Yields one event for each item of an array. Nulls in the array are items. A record whose array is
 * null yields no event.
 *
 * @param field - the name of a field that is an array of texts, numbers or booleans
 * @throws {DefinitionError} BIFOLD_BAD_FLAT_MAP if the field is not such an array, or `flatMap` has
 *   more than one column
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if the record has no such field
 * @example
 * const tags = definePipeline({
 *   name: 'tags',
 *   from: rides,
 *   flatMap: { tag: items('tags') },
 *   groupBy: ['tag'],
 *   windows: { daily: tumbling('1d') },
 *   aggregates: { rides: count() },
 * });
 */
export function items<const F extends string>(
  field: F,
): Items<ItemType<F>, string extends F ? unknown : { [K in F]: readonly Scalar[] | null | undefined }> {
  return Object.freeze({ node: Object.freeze({ kind: 'items', field }) });
}

/** The column that a `flatMap` adds. */
export type FlatMapped<F, E> = {
  [K in keyof F]: F[K] extends Items<infer V, never>
    ? V extends ItemType<infer N>
      ? N extends keyof E
        ? NonNullable<E[N]> extends readonly (infer Item)[]
          ? Item
          : never
        : unknown
      : V
    : never;
};
/** A `flatMap` that reads only what a record has. */
export type FlatMappable<F, E> = {
  [K in keyof F]: F[K] extends Items<unknown, infer In> ? (E extends In ? F[K] : Items<unknown, E>) : never;
};

/**
 * `scope` must contain only the record's own columns, because the events of a record do not depend
 * on lookups.
 */
export function planFlatMap(
  flatMap: Readonly<Record<string, Items<unknown, never>>>,
  columns: readonly Column[],
  scope: ColumnScope,
): FlatMapPlan {
  const { where } = scope;
  const [entry, ...others] = Object.entries(flatMap ?? {});
  if (entry === undefined || others.length > 0)
    return refuse('BIFOLD_BAD_FLAT_MAP', {
      failed: `${where} does not yield one column of items`,
      received: JSON.stringify(Object.keys(flatMap ?? {})),
      allowed: 'one column, as in flatMap: { word: split("text", " ") }',
      remedy: 'two would be multiplied: write two pipelines',
    });
  const [name, declared] = entry;
  checkIdentifier(`the column of flatMap of ${where}`, name);
  const node = declared?.node;
  switch (node?.kind) {
    case 'split': {
      const { separator } = node;
      if (typeof separator !== 'string' || separator === '' || !separator.isWellFormed() || separator.includes('\0'))
        refuse('BIFOLD_BAD_FLAT_MAP', {
          failed: `${where} splits at what is no text in flatMap.${name}`,
          received: JSON.stringify(separator) ?? 'undefined',
          allowed: 'a text of one character or more, well-formed and without U+0000',
          remedy: 'split at such a text, as in split("text", " ")',
        });
      for (const field of fieldsOf(node.text)) {
        if (scope.type(field, `flatMap.${name}`) === 'json')
          notItems(where, name, `"${field}"`, 'a nested or mixed value');
      }
      const typed = typedExpression(node.text, scope, `flatMap.${name}`);
      if (typed.type !== 'text') notItems(where, name, 'what it splits', typed.type);
      return { name, type: 'text', source: { kind: 'split', text: typed.node, separator } };
    }
    case 'items': {
      const type = scope.type(node.field, `flatMap.${name}`);
      const column = columns.find((each) => each.name === node.field);
      if (column?.items === undefined)
        return notItems(where, name, `"${node.field}"`, type === 'json' ? 'a nested or mixed value' : type);
      return { name, type: column.items.type, source: node };
    }
    default:
      return refuse('BIFOLD_BAD_FLAT_MAP', {
        failed: `${where} has no items in flatMap.${name}`,
        received: typeof declared === 'function' ? 'a function' : (JSON.stringify(declared) ?? 'undefined'),
        allowed: 'split("text", " "), items("tags")',
        remedy: 'write it in one of these forms',
      });
  }
}

function notItems(where: string, name: string, what: string, type: string): never {
  return refuse('BIFOLD_BAD_FLAT_MAP', {
    failed: `${where} takes ${what} apart in flatMap.${name}`,
    received: type,
    allowed: 'split(...) of text; items(...) of an array of texts, numbers or booleans of one type',
    remedy: 'choose such a field',
  });
}

import { fieldsOf } from '../../expression/operands.ts';
import { aroundScores } from '../../expression/scored-columns.ts';
import { typedExpression } from '../../expression/type.ts';
import type { Column, ColumnType } from '../../plan/column.ts';
import type { ExpressionNode } from '../../plan/expression.ts';
import type { LookupPlan } from '../../plan/lookup.ts';
import type { DerivedPlan, RowPlan } from '../../plan/row.ts';
import { type AnyExpression, Expression } from '../expressions/expression.ts';
import { checkIdentifier } from '../identifier.ts';
import { planModels } from '../planning-models.ts';
import { type ColumnScope, described, refuse } from '../scope.ts';
import { columnsOf } from '../source/schema.ts';
import { type Items, planFlatMap } from './flat-map.ts';
import type { Lookup } from './lookup.ts';
import type { Model } from './model.ts';

/** The parts of a definition that say how a record becomes rows. */
export interface RowsDefinition {
  readonly lookups?: Readonly<Record<string, Lookup<string, unknown>>>;
  readonly flatMap?: Readonly<Record<string, Items<unknown, never>>>;
  readonly derive?: Readonly<Record<string, AnyExpression>>;
  readonly scores?: Readonly<Record<string, Model<unknown>>>;
  readonly where?: AnyExpression;
}

/**
 * Plans how a record becomes rows. `scope` has the record's own columns, and gets all others.
 * @throws {DefinitionError} that names the field, the received value and the allowed ones
 */
export function planRows(
  { lookups = {}, flatMap, derive = {}, scores = {}, where }: RowsDefinition,
  columns: readonly Column[],
  scope: ColumnScope,
): RowPlan {
  // Planned before lookups are in scope: the rows of a record depend only on its own columns.
  const items = flatMap === undefined ? undefined : planFlatMap(flatMap, columns, scope);
  const lookupPlans = Object.entries(lookups).map(([alias, join]) => planLookup(alias, join, scope));
  if (items !== undefined) scope.add(items.name, items.type);
  const derived = aroundScores(Object.entries(derive), Object.keys(scores), ([name, expression]) => ({
    name,
    reads: expression instanceof Expression ? fieldsOf(expression.node) : [],
  }));
  const planAll = (entries: readonly (readonly [string, AnyExpression])[]) =>
    entries.map(([column, expression]) => planDerived(column, expression, scope));
  const before = planAll(derived.before);
  const models = planModels(scores, scope);
  // The batch layer identifies a score by the position of its record, so a record can have only
  // one.
  if (items !== undefined && models.length > 0)
    refuse('BIFOLD_BAD_FLAT_MAP', {
      failed: `${scope.where} scores the events of a flatMap`,
      received: Object.keys(scores).join(', '),
      allowed: 'scores of records that are one event each',
      remedy: 'write two pipelines: one with scores, one with flatMap',
    });
  return {
    columns,
    lookups: lookupPlans,
    ...(items === undefined ? {} : { flatMap: items }),
    derived: [...before, ...planAll(derived.after)],
    ...(models.length === 0 ? {} : { models }),
    ...(where === undefined ? {} : { where: planCondition(where, scope) }),
  };
}

function planLookup(alias: string, join: Lookup<string, unknown>, scope: ColumnScope): LookupPlan {
  checkIdentifier(`a lookup of ${scope.where}`, alias);
  if (typeof join?.table?.name !== 'string')
    refuse('BIFOLD_BAD_LOOKUP', {
      failed: `${scope.where} has no table for its lookup "${alias}"`,
      received: described(join),
      allowed: "lookup(table(...), { on: 'field' })",
      remedy: 'write it in that form',
    });
  scope.claim(alias);
  const columns = columnsOf(`lookup table "${join.table.name}"`, join.table.schema);
  const key = columns.find((column) => column.name === join.table.key);
  const onType = scope.type(join.on, `lookups.${alias}.on`);
  if (!key || key.type !== onType || !['text', 'integer'].includes(onType)) {
    refuse('BIFOLD_BAD_LOOKUP_KEY', {
      failed: `${scope.where} joins "${join.table.name}" on "${join.on}" (${onType})`,
      received: `key "${join.table.key}" (${key?.type ?? 'missing'})`,
      allowed: 'two text or two integer fields',
      remedy: 'join on fields of one type',
    });
  }
  if (join.missing !== 'null' && join.missing !== 'drop') {
    refuse('BIFOLD_BAD_MISSING', {
      failed: `${scope.where} has an unknown value of \`missing\` in lookup "${alias}"`,
      received: String(join.missing),
      allowed: '"null", "drop"',
      remedy: 'choose one',
    });
  }
  for (const column of columns) scope.add(`${alias}.${column.name}`, column.type);
  return { name: alias, table: join.table.name, key: join.table.key, on: join.on, missing: join.missing, columns };
}

/** The condition that rows must meet to be included. */
function planCondition(expression: AnyExpression, scope: ColumnScope): ExpressionNode {
  const { node, type } = planExpression('where', expression, scope);
  if (type !== 'boolean')
    refuse('BIFOLD_NOT_BOOLEAN', {
      failed: `${scope.where}: \`where\` is not a boolean expression`,
      received: type,
      allowed: 'a boolean field, or a comparison',
      remedy: 'compare first',
    });
  return node;
}

function planDerived(name: string, expression: AnyExpression, scope: ColumnScope): DerivedPlan {
  checkIdentifier(`a derived column of ${scope.where}`, name);
  const { node, type } = planExpression(`derive.${name}`, expression, scope);
  scope.add(name, type);
  return { name, expression: node, type };
}

function planExpression(
  role: string,
  expression: AnyExpression,
  scope: ColumnScope,
): { readonly node: ExpressionNode; readonly type: ColumnType } {
  if (!(expression instanceof Expression))
    refuse('BIFOLD_BAD_EXPRESSION', {
      failed: `${scope.where} has something in ${role} that is no expression`,
      received: described(expression),
      allowed: "an expression that begins with field('name')",
      remedy: 'write it in that form',
    });
  for (const read of fieldsOf(expression.node)) {
    const type = scope.type(read, role);
    if (type === 'json')
      refuse('BIFOLD_NOT_SCALAR', {
        failed: `${scope.where} reads "${read}" in ${role}`,
        received: 'a nested or mixed value',
        allowed: 'text, number, boolean or timestamp fields',
        remedy: 'give the field one scalar type in the schema',
      });
  }
  return typedExpression(expression.node, scope, role);
}

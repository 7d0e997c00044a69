import { DefinitionError } from '../errors.ts';
import {
  type AggregatePlan,
  type DerivedPlan,
  deepFreeze,
  type LookupPlan,
  type NumericDomain,
  type Plan,
  type StoragePlan,
  versionOf,
  type WindowPlan,
} from '../plan.ts';
import type { Aggregate, AggregateKind } from './aggregate.ts';
import { Expression, type ExpressionNode, fieldsOf } from './expression.ts';
import { checkIdentifier, checkResourceName } from './identifier.ts';
import type { Lookup } from './lookup.ts';
import { type Column, type ColumnType, columnsOf, type EventSchema } from './schema.ts';
import type { Topic } from './topic.ts';
import type { Window } from './window.ts';

type Joined<L> = { [K in keyof L]: L[K] extends Lookup<string, infer R> ? R | null : never };
type Derived<D> = { [K in keyof D]: D[K] extends Expression<infer V> ? V : never };

/** A definition that loaded: its plan, and the schemas that decide which records are valid. */
export interface Pipeline<Key = unknown, W extends string = string, R = unknown> {
  readonly plan: Plan;
  readonly schema: EventSchema;
  readonly '~row'?: [Key, W, R];
}

interface Definition<E, G, W, A, L, D> {
  readonly name: string;
  readonly from: Topic<E>;
  readonly lookups?: L;
  readonly derive?: D;
  readonly groupBy: G;
  readonly windows: W;
  readonly aggregates: A;
  readonly storage?: Partial<StoragePlan>;
}

const DEFAULT_STORAGE: StoragePlan = { segmentSize: 4096, buckets: 4 };
const KNOWN_OPTIONS = ['name', 'from', 'lookups', 'derive', 'groupBy', 'windows', 'aggregates', 'storage'];

/**
 * Checks a definition and returns it as frozen plain data, with the types of its key, windows and rows.
 * @throws {DefinitionError} naming the field, what came, and what is allowed.
 */
export function definePipeline<
  E,
  const G extends readonly (keyof (E & Derived<D>) & string)[],
  const W extends Record<string, Window>,
  A extends Record<string, Aggregate<E & Joined<L> & Derived<D>, unknown>>,
  // biome-ignore lint/complexity/noBannedTypes: the empty record, not "anything": a definition without lookups joins no columns
  L extends Record<string, Lookup<keyof E & string, unknown>> = {},
  // biome-ignore lint/complexity/noBannedTypes: as above, for derived columns
  D extends Record<string, Expression<unknown>> = {},
>(
  definition: Definition<E, G, W, A, L, D>,
): Pipeline<
  Pick<E & Derived<D>, G[number]>,
  keyof W & string,
  { [N in keyof A]: A[N] extends Aggregate<never, infer R> ? R : never }
> {
  const { from, groupBy, windows, aggregates, lookups = {}, derive = {}, storage = {} } = definition;
  const name = checkResourceName('a pipeline', definition.name);
  const where = `pipeline "${name}"`;
  for (const option of Object.keys(definition)) {
    if (!KNOWN_OPTIONS.includes(option))
      refuse(
        'BIFOLD_UNKNOWN_OPTION',
        `${where} has an option that does not exist`,
        `"${option}"`,
        KNOWN_OPTIONS.join(', '),
        'remove or rename it',
      );
  }
  if (typeof from?.name !== 'string')
    refuse(
      'BIFOLD_NO_TOPIC',
      `${where} reads from nothing`,
      String(from),
      'topic(...)',
      'write from: topic(name, { schema, ... })',
    );

  const columns = columnsOf(`topic "${from.name}"`, from.schema);
  const scope = new Scope(where, columns);
  checkEventTime(from, scope);
  if (!['text', 'integer'].includes(scope.type(from.partitionBy, 'partitionBy'))) {
    refuse(
      'BIFOLD_BAD_PARTITION_KEY',
      `topic "${from.name}" is partitioned by "${from.partitionBy}"`,
      scope.type(from.partitionBy, 'partitionBy'),
      'a text or integer field',
      'choose such a field',
    );
  }

  const lookupPlans = Object.entries<Lookup<string, unknown>>(lookups).map(([alias, join]) =>
    planLookup(alias, join, scope),
  );
  const derivedPlans = Object.entries<Expression<unknown>>(derive).map(([column, expression]) =>
    planDerived(column, expression, scope),
  );
  const plan: Omit<Plan, 'version'> = {
    name,
    topic: from.name,
    schemaVersion: from.schemaVersion,
    partitionBy: from.partitionBy,
    eventTime: from.eventTime,
    columns,
    lookups: lookupPlans,
    derived: derivedPlans,
    groupBy: planKey(where, groupBy, scope),
    windows: planWindows(where, windows),
    aggregates: planAggregates(where, aggregates, groupBy, scope),
    storage: planStorage(where, storage),
  };
  return Object.freeze({ plan: deepFreeze({ ...plan, version: versionOf(plan) }), schema: from.schema });
}

/** The names that a definition may use, and their types. */
class Scope {
  readonly where: string;
  private readonly types = new Map<string, ColumnType>();
  private readonly taken = new Set<string>();

  constructor(where: string, columns: readonly Column[]) {
    this.where = where;
    for (const column of columns) this.add(column.name, column.type);
  }

  add(name: string, type: ColumnType): void {
    this.claim(name);
    this.types.set(name, type);
  }

  /** Names that differ in case alone are refused too: they are one name in SQL. */
  claim(name: string): void {
    const folded = name.toLowerCase();
    if (this.taken.has(folded)) {
      refuse(
        'BIFOLD_NAME_TAKEN',
        `${this.where} gives a name twice`,
        `"${name}"`,
        'a name that no column, lookup or derived column has, upper and lower case alike',
        'rename one of them',
      );
    }
    this.taken.add(folded);
  }

  type(name: string, role: string): ColumnType {
    const type = this.types.get(name);
    if (type) return type;
    return refuse(
      'BIFOLD_UNKNOWN_FIELD',
      `${this.where} names a field in ${role} that does not exist`,
      JSON.stringify(name) ?? String(name),
      [...this.types.keys()].join(', '),
      'correct the name, or add the field to the schema',
    );
  }
}

function refuse(code: string, failed: string, received: string, allowed: string, remedy: string): never {
  throw new DefinitionError(code, { failed, received, allowed, remedy });
}

function checkEventTime(from: Topic<unknown>, scope: Scope): void {
  const { eventTime } = from;
  const type = scope.type(eventTime.field, 'eventTime');
  const wanted = eventTime.kind === 'dateTime' ? 'timestamp' : 'integer';
  if (type !== wanted) {
    refuse(
      'BIFOLD_BAD_EVENT_TIME',
      `topic "${from.name}" takes "${eventTime.field}" as event time`,
      type,
      'a text of format date-time, or { field, unit } of an integer field',
      'declare it as z.iso.datetime(), or name the unit of its epoch',
    );
  }
  if (eventTime.kind === 'epoch' && !['s', 'ms', 'us'].includes(eventTime.unit)) {
    refuse(
      'BIFOLD_BAD_EVENT_TIME',
      `topic "${from.name}" has an event time of an unknown unit`,
      String(eventTime.unit),
      's, ms, us',
      'name one of them',
    );
  }
}

function planLookup(alias: string, join: Lookup<string, unknown>, scope: Scope): LookupPlan {
  checkIdentifier(`a lookup of ${scope.where}`, alias);
  if (typeof join?.table?.name !== 'string')
    refuse(
      'BIFOLD_BAD_LOOKUP',
      `${scope.where} has no table for its lookup "${alias}"`,
      described(join),
      "lookup(table(...), { on: 'field' })",
      'write it in that form',
    );
  scope.claim(alias);
  const columns = columnsOf(`lookup table "${join.table.name}"`, join.table.schema);
  const key = columns.find((column) => column.name === join.table.key);
  const onType = scope.type(join.on, `lookups.${alias}.on`);
  if (!key || key.type !== onType || !['text', 'integer'].includes(onType)) {
    refuse(
      'BIFOLD_BAD_LOOKUP_KEY',
      `${scope.where} joins "${join.table.name}" on "${join.on}" (${onType})`,
      `key "${join.table.key}" (${key?.type ?? 'missing'})`,
      'two text or two integer fields',
      'join on fields of one type',
    );
  }
  if (join.missing !== 'null' && join.missing !== 'drop') {
    refuse(
      'BIFOLD_BAD_MISSING',
      `${scope.where} does not say what a missing row of "${alias}" means`,
      String(join.missing),
      '"null", "drop"',
      'choose one',
    );
  }
  for (const column of columns) scope.add(`${alias}.${column.name}`, column.type);
  return { name: alias, table: join.table.name, key: join.table.key, on: join.on, missing: join.missing, columns };
}

function planDerived(name: string, expression: Expression<unknown>, scope: Scope): DerivedPlan {
  checkIdentifier(`a derived column of ${scope.where}`, name);
  if (!(expression instanceof Expression))
    refuse(
      'BIFOLD_BAD_EXPRESSION',
      `${scope.where} derives "${name}" from something that is no expression`,
      described(expression),
      "an expression that begins with field('name')",
      'write it in that form',
    );
  for (const read of fieldsOf(expression.node)) {
    const type = scope.type(read, `derive.${name}`);
    if (type === 'json')
      refuse(
        'BIFOLD_NOT_SCALAR',
        `${scope.where} derives "${name}" from "${read}"`,
        'a nested or mixed value',
        'text, number, boolean or timestamp fields',
        'give the field one scalar type in the schema',
      );
  }
  const type = typeOf(expression.node, scope, `derive.${name}`);
  scope.add(name, type);
  return { name, expression: expression.node, type };
}

type OperandType = ColumnType | 'null';

function typeOf(node: ExpressionNode, scope: Scope, role: string): ColumnType {
  const type = operandType(node, scope, role);
  return type === 'null'
    ? refuse(
        'BIFOLD_BAD_EXPRESSION',
        `${scope.where} has an expression in ${role} that is always null`,
        'null',
        'an expression that reads a field',
        'use isNull() to ask for null',
      )
    : type;
}

function operandType(node: ExpressionNode, scope: Scope, role: string): OperandType {
  switch (node.kind) {
    case 'field':
      return scope.type(node.field, role);
    case 'literal':
      if (node.value === null) return 'null';
      if (typeof node.value === 'boolean') return 'boolean';
      if (typeof node.value === 'string') {
        if (!node.value.isWellFormed() || node.value.includes('\0'))
          refuse(
            'BIFOLD_BAD_EXPRESSION',
            `${scope.where} compares with a text in ${role} that SQL cannot hold`,
            JSON.stringify(node.value),
            'well-formed text without the character U+0000',
            'compare with another text',
          );
        return 'text';
      }
      if (!Number.isFinite(node.value))
        refuse(
          'BIFOLD_BAD_EXPRESSION',
          `${scope.where} compares with a number in ${role}`,
          String(node.value),
          'a finite number',
          'write such a number',
        );
      return Number.isSafeInteger(node.value) ? 'integer' : 'double';
    case 'isNull':
      operandType(node.operand, scope, role);
      return 'boolean';
    case 'not':
      wantBoolean(node.operand, scope, role);
      return 'boolean';
    case 'and':
    case 'or':
      wantBoolean(node.left, scope, role);
      wantBoolean(node.right, scope, role);
      return 'boolean';
    case 'compare': {
      const left = comparable(operandType(node.left, scope, role));
      const right = comparable(operandType(node.right, scope, role));
      const ordered = left === 'number' || left === 'timestamp';
      if (left !== right || (!ordered && node.operator !== '=' && node.operator !== '<>')) {
        refuse(
          'BIFOLD_BAD_EXPRESSION',
          `${scope.where} compares ${left} ${node.operator} ${right} in ${role}`,
          `${left} and ${right}`,
          'two numbers or two timestamps; texts and booleans with eq and ne only (their order differs between engines)',
          'compare values of one type',
        );
      }
      return 'boolean';
    }
  }
}

function comparable(type: OperandType): string {
  return type === 'integer' || type === 'double' ? 'number' : type;
}

function wantBoolean(node: ExpressionNode, scope: Scope, role: string): void {
  const type = operandType(node, scope, role);
  if (type !== 'boolean')
    refuse(
      'BIFOLD_BAD_EXPRESSION',
      `${scope.where} combines values in ${role} that are not boolean`,
      type,
      'boolean operands of and, or, not',
      'compare first',
    );
}

function planKey(where: string, groupBy: readonly string[], scope: Scope): readonly string[] {
  if (!Array.isArray(groupBy) || groupBy.length === 0)
    refuse(
      'BIFOLD_NO_KEY',
      `${where} groups by nothing`,
      JSON.stringify(groupBy) ?? 'undefined',
      'one field or more',
      "write groupBy: ['field']",
    );
  for (const field of groupBy) {
    const type = scope.type(field, 'groupBy');
    if (field.includes('.') || type === 'json')
      refuse(
        'BIFOLD_BAD_KEY',
        `${where} groups by "${field}"`,
        type,
        'text, number, boolean or timestamp fields of the record, and derived columns',
        'choose such a field',
      );
  }
  if (new Set(groupBy).size < groupBy.length)
    refuse('BIFOLD_BAD_KEY', `${where} groups by a field twice`, groupBy.join(', '), 'each field once', 'remove one');
  return [...groupBy];
}

function planWindows(where: string, windows: Readonly<Record<string, Window>>): readonly WindowPlan[] {
  const planned = Object.entries(windows ?? {}).map(([name, window]) => {
    checkIdentifier(`a window of ${where}`, name);
    if (window?.kind !== 'tumbling' || !Number.isSafeInteger(window.sizeMs) || window.sizeMs < 1)
      refuse(
        'BIFOLD_BAD_WINDOW',
        `${where} has a window "${name}" of no known kind`,
        described(window),
        "tumbling('1h'), of any duration",
        'write it in that form',
      );
    return { name, ...window };
  });
  if (planned.length === 0)
    refuse(
      'BIFOLD_NO_WINDOW',
      `${where} has no window`,
      '{}',
      'one window or more',
      "write windows: { hourly: tumbling('1h') }",
    );
  return planned.sort((left, right) => (left.name < right.name ? -1 : 1));
}

function planAggregates(
  where: string,
  aggregates: Readonly<Record<string, Aggregate<never, unknown>>>,
  groupBy: readonly string[],
  scope: Scope,
): readonly AggregatePlan[] {
  const taken = new Set(['window', ...groupBy].map((name) => name.toLowerCase()));
  const planned = Object.entries(aggregates ?? {}).map(([name, aggregate]) => {
    checkIdentifier(`an aggregate of ${where}`, name);
    // Rows are written as Parquet too, where names that differ in case alone are one.
    if (taken.has(name.toLowerCase()))
      refuse(
        'BIFOLD_NAME_TAKEN',
        `${where} has an aggregate named like a part of its row`,
        `"${name}"`,
        'a name that no field of groupBy and no other aggregate has, upper and lower case alike, and not "window"',
        'rename it',
      );
    taken.add(name.toLowerCase());
    const { kind, field, where: condition } = checkAggregate(where, name, aggregate);
    let domain: NumericDomain = 'integer';
    if (field !== undefined) {
      const type = scope.type(field, `aggregates.${name}`);
      if (type !== 'integer' && type !== 'double')
        refuse(
          'BIFOLD_NOT_NUMERIC',
          `${where} takes the ${kind} of "${field}"`,
          type,
          'an integer or double field',
          'choose a numeric field',
        );
      domain = type;
    }
    if (condition !== undefined && scope.type(condition, `aggregates.${name}.where`) !== 'boolean') {
      refuse(
        'BIFOLD_NOT_BOOLEAN',
        `${where} counts where "${condition}"`,
        scope.type(condition, 'where'),
        'a boolean field or derived column',
        'derive one, as in derive: { cancelled: field("dep_time").isNull() }',
      );
    }
    return { name, kind, field: field ?? null, where: condition ?? null, domain };
  });
  if (planned.length === 0)
    refuse(
      'BIFOLD_NO_AGGREGATE',
      `${where} aggregates nothing`,
      '{}',
      'one aggregate or more',
      'write aggregates: { n: count() }',
    );
  return planned.sort((left, right) => (left.name < right.name ? -1 : 1));
}

const AGGREGATE_KINDS: readonly AggregateKind[] = ['count', 'sum', 'min', 'max', 'mean'];

function checkAggregate(
  where: string,
  name: string,
  aggregate: Aggregate<never, unknown> | undefined,
): Aggregate<never, unknown> {
  const kind = AGGREGATE_KINDS.find((known) => known === aggregate?.kind);
  if (aggregate && kind && (kind === 'count') === (aggregate.field === undefined)) return aggregate;
  return refuse(
    'BIFOLD_BAD_AGGREGATE',
    `${where} has an aggregate "${name}" that cannot be computed`,
    described(aggregate),
    "count(), sum('field'), min('field'), max('field'), mean('field')",
    'write it in that form',
  );
}

/** Something of a definition, as an error shows it. */
function described(value: unknown): string {
  return typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? String(value));
}

function planStorage(where: string, storage: Partial<StoragePlan>): StoragePlan {
  const planned = { ...DEFAULT_STORAGE, ...storage };
  const limits = { segmentSize: [16, 1_000_000], buckets: [1, 256] } as const;
  for (const option of Object.keys(storage)) {
    if (!Object.hasOwn(limits, option))
      refuse(
        'BIFOLD_UNKNOWN_OPTION',
        `${where} has an option in storage that does not exist`,
        `"${option}"`,
        Object.keys(limits).join(', '),
        'remove or rename it',
      );
  }
  for (const [name, [least, most]] of Object.entries(limits)) {
    const value = planned[name as keyof StoragePlan];
    if (!Number.isSafeInteger(value) || value < least || value > most)
      refuse(
        'BIFOLD_BAD_STORAGE',
        `${where} has a storage.${name} out of range`,
        String(value),
        `a whole number from ${least} to ${most}`,
        'choose one in that range',
      );
  }
  return planned;
}

import type { Plan } from '../plan/plan.ts';
import type { Duplicates } from '../plan/stateful.ts';
import type { StoragePlan } from '../plan/storage.ts';
import { deepFreeze, versionOf } from '../plan/version.ts';
import type { Window } from '../plan/window.ts';
import type { Aggregate, ResultOver } from './aggregates/aggregate.ts';
import type { AnyExpression, Expression, FieldType } from './expressions/expression.ts';
import { checkResourceName } from './identifier.ts';
import { planDuplicates } from './operators/duplicates.ts';
import type { FlatMappable, FlatMapped, Items } from './operators/flat-map.ts';
import { type Lateness, planLate } from './operators/late.ts';
import type { Lookup } from './operators/lookup.ts';
import type { Model } from './operators/model.ts';
import { planRows } from './operators/rows.ts';
import { checkEventTime, planAggregation } from './planning.ts';
import { ColumnScope, refuse, refuseUnknownOptions } from './scope.ts';
import { type Input, planRelayed, type Relayed } from './source/relay.ts';
import { columnsOf, type EventSchema } from './source/schema.ts';
import type { Topic } from './source/topic.ts';
import { planStorage } from './storage.ts';

/** A record after decoding: an optional field that is missing is null. */
export type Present<E> = { [K in keyof E]-?: undefined extends E[K] ? NonNullable<E[K]> | null : E[K] } & Any<E>;
/** A record of unknown type (`any`) has every field. */
type Any<E> = 0 extends 1 & E ? E : unknown;
/** The columns that lookups add to a record: null if a table has no such row. */
export type Joined<L> = { [K in keyof L]: L[K] extends Lookup<string, infer R> ? Present<R> | null : never };
/**
 * The types of derived columns. A column that reads a field has the type of that field in the
 * record, in a lookup, or in an earlier derived column.
 */
export type Derived<D, E> = { [K in keyof D]: D[K] extends Expression<infer V, never> ? Resolved<V, D, E> : never };
type Resolved<V, D, E> =
  V extends FieldType<infer F>
    ? F extends keyof D
      ? D[F] extends Expression<infer W, never>
        ? Resolved<W, D, E>
        : never
      : F extends keyof E
        ? E[F]
        : F extends `${infer L}.${infer C}`
          ? ColumnOf<E, L, C>
          : unknown
    : V;
type ColumnOf<E, L, C> = L extends keyof E
  ? C extends keyof NonNullable<E[L]>
    ? NonNullable<E[L]>[C] | null
    : unknown
  : unknown;
/** Expressions that read only columns of a record `E`. */
export type Readable<D, E> = {
  [K in keyof D]: D[K] extends Expression<unknown, infer In> ? (E extends In ? D[K] : Expression<unknown, E>) : never;
};
type Scored<S> = { [K in keyof S]: S[K] extends Model<infer V> ? V | null : never };
/** The record with the columns that lookups and models add. */
type Widened<E, L, S> = Present<E> & Joined<L> & Scored<S>;
// biome-ignore lint/complexity/noBannedTypes: the empty record, not "anything": nothing is scored
type Nothing = {};
/** All that derived columns, conditions and aggregates may read. */
export type Columns<E, L, D, S = Nothing> = Widened<E, L, S> & Derived<D, Widened<E, L, S>>;
/** Columns by which rows are grouped: all but those of lookups. */
type Keyable<E, L, D, S> = Present<E> & Scored<S> & Derived<D, Widened<E, L, S>>;
export type Condition<E, L, D, S = Nothing> = Expression<
  boolean | null | FieldType<string>,
  NoInfer<Columns<E, L, D, S>>
>;

/** The record with the column of `flatMap`. */
type Event<E, F> = E & FlatMapped<F, E>;

/**
 * A definition that passed every check, as frozen plain data. `definePipeline` makes one.
 * @example
 * const pipelines: readonly Pipeline[] = [fares];
 * const versions = pipelines.map(({ plan }) => `${plan.name} ${plan.version}`);
 */
export interface Pipeline<Key = unknown, W extends string = string, R = unknown> {
  /** The plan that the layers compute. Its `version` changes with every change of meaning. */
  readonly plan: Plan;
  /** The schema that decides which records are valid. */
  readonly schema: EventSchema;
  /** The schemas of the sources of a join, union or repartition. */
  readonly schemas?: readonly EventSchema[];
  /** The topics that producers write: its log, or the sources of a join, union or repartition. */
  readonly topics: readonly Topic<unknown>[];
  readonly '~row'?: [Key, W, R];
}

interface Definition<E, G, W, A, L, D, S, F> {
  /**
   * The name of the view: a letter, then letters, digits, underscores, dots and dashes, at most 63
   * in all.
   */
  readonly name: string;
  /** A topic, or several that `join`, `union` or `repartition` combines. */
  readonly from: Topic<E> | Relayed<E>;
  /** Tables to join by key. Their columns are read as `alias.column`. */
  readonly lookups?: L;
  /**
   * One event for each of several values of a record, as in `{ word: split('text', ' ') }`. A
   * record without a value yields none.
   */
  readonly flatMap?: F & FlatMappable<NoInfer<F>, NoInfer<Present<E>>>;
  /** Columns computed in order. Each may read the earlier ones. */
  readonly derive?: D & Readable<NoInfer<D>, NoInfer<Columns<Event<E, F>, L, D, S>>>;
  /**
   * Columns that models fill, from fields, lookups and derived columns. Derived columns, `where`,
   * `groupBy` and aggregates may read them.
   */
  readonly scores?: S;
  /**
   * Drops duplicates after late events, and before any other operator. So `where` cannot remove the
   * first occurrence.
   */
  readonly dropDuplicates?: Duplicates<keyof E & string>;
  /** Drops late events before duplicates are detected. Without it every event counts. */
  readonly dropLate?: Lateness;
  /** Keeps only records for which the condition is true. False and null exclude a record. */
  readonly where?: Condition<Event<E, F>, L, D, S>;
  /**
   * The fields and derived columns whose values are the key of a row. Null is a key like any other.
   */
  readonly groupBy: G;
  /** The windows of the view, by name. Each has its own rows. */
  readonly windows: W;
  /** The values of a row, by name. */
  readonly aggregates: A;
  /** `segmentSize`, the offsets in a segment, and `buckets`, the hash buckets of keys. */
  readonly storage?: Partial<StoragePlan>;
}

const KNOWN_OPTIONS = [
  'name',
  'from',
  'lookups',
  'flatMap',
  'derive',
  'scores',
  'dropLate',
  'dropDuplicates',
  'where',
  'groupBy',
  'windows',
  'aggregates',
  'storage',
];

/**
 * Checks a definition and returns it as frozen plain data, with the types of its key, windows and
 * rows. Misspelt fields are also compile-time errors.
 *
 * @param definition - the source, and how its records become rows
 * @throws {DefinitionError} BIFOLD_BAD_NAME if a name cannot be used
 * @throws {DefinitionError} BIFOLD_NAME_TAKEN if two columns have the same name, ignoring case
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if a field does not exist
 * @throws {DefinitionError} BIFOLD_UNKNOWN_OPTION if an option does not exist
 * @throws {DefinitionError} BIFOLD_NO_TOPIC if it reads no topic
 * @throws {DefinitionError} BIFOLD_NO_KEY if `groupBy` is empty
 * @throws {DefinitionError} BIFOLD_NO_WINDOW if it has no window
 * @throws {DefinitionError} BIFOLD_NO_AGGREGATE if it has no aggregate
 * @throws {DefinitionError} BIFOLD_BAD_KEY if it groups by a field of a lookup, or a nested field
 * @throws {DefinitionError} BIFOLD_BAD_EXPRESSION if an expression mixes types
 * @throws {DefinitionError} BIFOLD_NOT_BOOLEAN if `where` is not a boolean expression
 * @throws {DefinitionError} BIFOLD_BAD_STORAGE if `storage` is out of range
 * @example
 * const tips = definePipeline({
 *   name: 'tips',
 *   from: rides,
 *   derive: { share: field('tip').dividedBy(field('fare')) },
 *   where: field('fare').gt(0),
 *   groupBy: ['city'],
 *   windows: { hourly: tumbling('1h'), daily: tumbling('1d') },
 *   aggregates: { rides: count(), share: mean('share') },
 * });
 */
export function definePipeline<
  E,
  const G extends readonly (keyof Keyable<Event<E, F>, L, D, S> & string)[],
  const W extends Record<string, Window>,
  A extends Record<string, Aggregate<Columns<Event<E, F>, L, D, S>, unknown>>,
  // biome-ignore lint/complexity/noBannedTypes: the empty record, not "anything": a definition without lookups joins no columns
  L extends Record<string, Lookup<keyof E & string, unknown>> = {},
  // biome-ignore lint/complexity/noBannedTypes: as above, for derived columns
  D extends Record<string, AnyExpression> = {},
  // biome-ignore lint/complexity/noBannedTypes: as above, for scores
  S extends Record<string, Model<unknown>> = {},
  // biome-ignore lint/complexity/noBannedTypes: as above, for a record that is one event
  F extends Record<string, Items<unknown, never>> = {},
>(
  definition: Definition<E, G, W, A, L, D, S, F>,
): Pipeline<
  Pick<Keyable<Event<E, F>, L, D, S>, G[number]>,
  keyof W & string,
  {
    [N in keyof A]: A[N] extends Aggregate<never, infer R> ? ResultOver<Columns<Event<E, F>, L, D, S>, R> : never;
  }
> {
  const { from, dropLate, dropDuplicates } = definition;
  const name = checkResourceName('a pipeline', definition.name);
  const where = `pipeline "${name}"`;
  refuseUnknownOptions(where, definition, KNOWN_OPTIONS);
  const { schemas, ...input } = planInput(name, from);
  const { columns, partitionBy, relay } = input;
  const scope = new ColumnScope(where, columns);
  if (relay?.join !== undefined) refuseBesideJoin(where, definition);
  const rows = planRows(definition, columns, scope);
  const plan: Omit<Plan, 'version'> = {
    name,
    ...input,
    ...rows,
    ...(dropLate === undefined ? {} : { late: planLate(where, dropLate) }),
    ...(dropDuplicates === undefined
      ? {}
      : { duplicates: planDuplicates(dropDuplicates, columns, partitionBy, scope) }),
    ...planAggregation(definition, scope),
    storage: planStorage(where, definition.storage ?? {}),
  };
  const schema = 'schema' in from ? from.schema : (schemas?.[0] as EventSchema);
  const topics = 'sources' in from ? from.sources.map(({ topic }) => topic) : [from as Topic<unknown>];
  return Object.freeze({
    plan: deepFreeze({ ...plan, version: versionOf(plan) }),
    schema,
    ...(schemas === undefined ? {} : { schemas: Object.freeze(schemas) }),
    topics: Object.freeze(topics),
  });
}

function planInput(name: string, from: Topic<unknown> | Relayed<unknown>): Input {
  if (typeof from === 'object' && from !== null && 'sources' in from) return planRelayed(name, from);
  const where = `pipeline "${name}"`;
  if (typeof from?.name !== 'string')
    refuse('BIFOLD_NO_TOPIC', {
      failed: `${where} reads from nothing`,
      received: String(from),
      allowed: 'topic(...), or join(...), union(...), repartition(...) of topics',
      remedy: 'write from: topic(name, { schema, ... })',
    });
  const columns = columnsOf(`topic "${from.name}"`, from.schema);
  const scope = new ColumnScope(where, columns);
  checkEventTime(`topic "${from.name}"`, from.eventTime, scope);
  const type = scope.type(from.partitionBy, 'partitionBy');
  if (!['text', 'integer'].includes(type))
    refuse('BIFOLD_BAD_PARTITION_KEY', {
      failed: `topic "${from.name}" is partitioned by "${from.partitionBy}"`,
      received: type,
      allowed: 'a text or integer field',
      remedy: 'choose such a field',
    });
  const { name: topic, schemaVersion, partitionBy, eventTime } = from;
  return { topic, schemaVersion, partitionBy, eventTime, columns };
}

/** Refuses options that apply to a single record: a join yields pairs of records. */
function refuseBesideJoin(where: string, definition: object): void {
  const reasons: Readonly<Record<string, string>> = {
    flatMap: 'flatMap splits one record, and a pair consists of two',
    scores: 'the batch layer finds a score by the offset of its record, and one record may complete several pairs',
    dropDuplicates: 'duplicates are records of one side, not pairs',
  };
  for (const [option, reason] of Object.entries(reasons)) {
    if ((definition as Readonly<Record<string, unknown>>)[option] === undefined) continue;
    if (option === 'scores' && Object.keys((definition as { readonly scores: object }).scores).length === 0) continue;
    refuse('BIFOLD_BAD_JOIN', {
      failed: `${where} joins two topics, and has ${option}`,
      received: option,
      allowed: `lookups, derive, where, groupBy, windows and aggregates: ${reason}`,
      remedy: `remove ${option}, or write a pipeline of one topic for it`,
    });
  }
}

import { createHash } from 'node:crypto';
import type { Column } from '../../plan/column.ts';
import type { Plan } from '../../plan/plan.ts';
import type { RelayPlan, RelaySourcePlan } from '../../plan/relay.ts';
import { canonicalJson } from '../../plan/version.ts';
import { type Duration, durationMs } from '../duration.ts';
import { checkIdentifier } from '../identifier.ts';
import { checkEventTime } from '../planning.ts';
import { ColumnScope, refuse, refuseUnknownOptions } from '../scope.ts';
import { columnsOf, type EventSchema } from './schema.ts';
import type { Topic } from './topic.ts';

/**
 * Topics that a relay copies into the pipeline's repartition topic (rule 10). Each record keeps its
 * bytes, gets its partition from the partitioning fields, and carries its origin in a header. Made
 * by `join`, `union` and `repartition`.
 */
export interface Relayed<out E> {
  readonly kind: 'join' | 'union' | 'repartition';
  readonly sources: readonly RelaySource[];
  readonly within?: { readonly beforeMs: number; readonly afterMs: number } | null;
  readonly partitions: number;
  readonly '~event'?: E;
}

interface RelaySource {
  readonly topic: Topic<unknown>;
  readonly by: readonly string[];
  readonly prefix: string;
}

const PARTITIONS_DEFAULT = 4;
const PARTITIONS_MAX = 1_000;
/** The greatest length of the pipeline's name within a topic's name. */
const NAME_LENGTH_MAX = 48;

type Prefixed<N extends string, R> = { [K in keyof R & string as `${N}_${K}`]: R[K] };

/**
 * The interval of a join: how much earlier and later the right event of a pair may be than the left
 * event.
 */
export interface TimeRange {
  readonly before?: Duration;
  readonly after?: Duration;
}

/** A bound that is absent is 0. */
export function timeRangeMs({ before, after }: TimeRange): { readonly beforeMs: number; readonly afterMs: number } {
  return {
    beforeMs: before === undefined ? 0 : durationMs(before),
    afterMs: after === undefined ? 0 : durationMs(after),
  };
}

interface RelayOptions {
  /**
   * The partitions of the repartition topic, from 1 to 1,000; 4 by default. Another number makes
   * another topic, which starts empty.
   */
  readonly partitions?: number;
}

interface RepartitionOptions<E> extends RelayOptions {
  /** The text, number, boolean, timestamp or decimal field whose equal values share a partition. */
  readonly by: keyof E & string;
}

interface JoinOptions<L, R, N extends string> extends RelayOptions {
  /** The topic whose event time a pair has. */
  readonly left: Topic<L>;
  /** The topic whose columns get a prefix. */
  readonly right: Topic<R>;
  /** The prefix of the columns of the right side: `weather` makes `weather_at`. */
  readonly as: N;
  /**
   * Fields of the left side, each with the field of the right side that it must equal. Null equals
   * nothing.
   */
  readonly on: { readonly [K in keyof L & string]?: keyof R & string };
  /**
   * The greatest time by which the right event may come before or after its left event, 0 by
   * default. Without `within`, any time.
   */
  readonly within?: TimeRange;
  /** Only `inner`, the default. `bifold run` has the other types. */
  readonly type?: 'inner';
}

/**
 * Joins two topics. A pair is a left and a right event whose fields in `on` are equal and whose
 * event times differ by at most `within`. A pair has the event time of its left event, and counts
 * once both events are in the log. Events with a null in `on` make no pair.
 *
 * @param options - the two sides, and when their events make a pair
 * @throws {DefinitionError} BIFOLD_BAD_JOIN if `type` is not `inner`, `on` is empty, or two fields
 *   have different types
 * @throws {DefinitionError} BIFOLD_BAD_PARTITIONS if `partitions` is not a whole number from 1 to
 *   1,000
 * @throws {DefinitionError} BIFOLD_NAME_TAKEN if a field of the left side begins with the prefix of
 *   the right side
 * @throws {DefinitionError} BIFOLD_TOPIC_TWICE if both sides are one topic
 * @throws {DefinitionError} BIFOLD_UNKNOWN_OPTION if an option does not exist
 * @example
 * const wetRides = definePipeline({
 *   name: 'wet-rides',
 *   from: join({
 *     left: rides,
 *     right: showers,
 *     as: 'shower',
 *     on: { city: 'city' },
 *     within: { before: '30m' },
 *   }),
 *   groupBy: ['city'],
 *   windows: { daily: tumbling('1d') },
 *   aggregates: { rides: count(), rain: mean('shower_millimeters') },
 * });
 */
export function join<L, R, const N extends string>({
  left,
  right,
  as,
  on,
  within,
  partitions = PARTITIONS_DEFAULT,
  ...others
}: JoinOptions<L, R, N>): Relayed<L & Prefixed<N, R>> {
  const { type = 'inner', ...unknown } = others;
  const where = 'a join';
  refuseUnknownOptions(where, unknown, ['left', 'right', 'as', 'on', 'within', 'type', 'partitions']);
  if (type !== 'inner')
    refuse('BIFOLD_BAD_JOIN', {
      failed: 'a join of two topics in a pipeline gives rows without a partner',
      received: `type: ${String(type)}`,
      allowed:
        'inner: what has no partner yet may get one at any time, and no aggregate can take back that it had none',
      remedy:
        'leave type out; or run the join with `npx bifold run`, where a watermark decides; or load one side as a lookup table',
    });
  checkIdentifier(`the right side of ${where}`, as);
  const pairs = Object.entries<string | undefined>(on ?? {});
  if (pairs.length === 0)
    refuse('BIFOLD_BAD_JOIN', {
      failed: `${where} has no fields that must be equal`,
      received: 'on: {}',
      allowed: 'one pair of fields or more',
      remedy: "write on: { origin: 'origin' }",
    });
  return Object.freeze({
    kind: 'join',
    sources: [
      { topic: left as Topic<unknown>, by: pairs.map(([field]) => field), prefix: '' },
      { topic: right as Topic<unknown>, by: pairs.map(([, field]) => String(field)), prefix: `${as}_` },
    ],
    within: within === undefined ? null : timeRangeMs(within),
    partitions,
  });
}

/**
 * Reads several topics of one schema as one. Their records are partitioned by the `partitionBy` of
 * the first.
 *
 * @param topics - topics of one schema with one event time
 * @param options - the size of the repartition topic
 * @throws {DefinitionError} BIFOLD_BAD_UNION if the topics have different schemas or event times
 * @throws {DefinitionError} BIFOLD_NO_TOPIC if there is no topic
 * @throws {DefinitionError} BIFOLD_BAD_PARTITIONS if `partitions` is not a whole number from 1 to
 *   1,000
 * @throws {DefinitionError} BIFOLD_TOPIC_TWICE if a topic is named twice
 * @throws {DefinitionError} BIFOLD_UNKNOWN_OPTION if an option does not exist
 * @example
 * const oldRides = topic('old-rides', {
 *   schema: Ride,
 *   schemaVersion: 1,
 *   partitionBy: 'city',
 *   eventTime: 'at',
 * });
 * const allRides = definePipeline({
 *   ...perCity,
 *   from: union([rides, oldRides], { partitions: 8 }),
 *   aggregates: { rides: count() },
 * });
 */
export function union<E>(
  topics: readonly Topic<E>[],
  { partitions = PARTITIONS_DEFAULT, ...others }: RelayOptions = {},
): Relayed<E> {
  refuseUnknownOptions('a union', others, ['partitions']);
  const by = [String(topics[0]?.partitionBy)];
  return Object.freeze({
    kind: 'union',
    sources: topics.map((topic) => ({ topic: topic as Topic<unknown>, by, prefix: '' })),
    partitions,
  });
}

/**
 * Partitions the records of a topic by another field. Events with equal values of the field then
 * share a partition, as `dropDuplicates` needs.
 *
 * @param topic - the topic to read
 * @param options - the field, and the size of the repartition topic
 * @throws {DefinitionError} BIFOLD_BAD_PARTITION_KEY if the field is nested or mixed
 * @throws {DefinitionError} BIFOLD_BAD_PARTITIONS if `partitions` is not a whole number from 1 to
 *   1,000
 * @throws {DefinitionError} BIFOLD_UNKNOWN_OPTION if an option does not exist
 * @example
 * const perDriver = definePipeline({
 *   name: 'per-driver',
 *   from: repartition(rides, { by: 'driver' }),
 *   dropDuplicates: dropDuplicates(['driver', 'id']),
 *   groupBy: ['driver'],
 *   windows: { daily: tumbling('1d') },
 *   aggregates: { rides: count() },
 * });
 */
export function repartition<E>(
  topic: Topic<E>,
  { by, partitions = PARTITIONS_DEFAULT, ...others }: RepartitionOptions<E>,
): Relayed<E> {
  refuseUnknownOptions('a repartition', others, ['by', 'partitions']);
  return Object.freeze({
    kind: 'repartition',
    sources: [{ topic: topic as Topic<unknown>, by: [by], prefix: '' }],
    partitions,
  });
}

/** The input of a pipeline, in the form of its plan. */
export type Input = Pick<Plan, 'topic' | 'schemaVersion' | 'partitionBy' | 'eventTime' | 'columns' | 'relay'> & {
  /** The schemas of a relay's sources. */
  readonly schemas?: readonly EventSchema[];
};

export function planRelayed(pipeline: string, { kind, sources, within, partitions }: Relayed<unknown>): Input {
  const where = `the ${kind} of pipeline "${pipeline}"`;
  const [first] = sources;
  if (first === undefined || sources.some(({ topic }) => typeof topic?.name !== 'string'))
    refuse('BIFOLD_NO_TOPIC', {
      failed: `${where} reads from nothing`,
      received: first === undefined ? 'no topic' : 'a value that is not a topic',
      allowed: 'topic(...)',
      remedy: 'pass topics',
    });
  if (!Number.isSafeInteger(partitions) || partitions < 1 || partitions > PARTITIONS_MAX)
    refuse('BIFOLD_BAD_PARTITIONS', {
      failed: `${where} has a number of partitions that is out of range`,
      received: String(partitions),
      allowed: `a whole number from 1 to ${PARTITIONS_MAX}`,
      remedy: 'write partitions: 4',
    });
  const names = sources.map(({ topic }) => topic.name);
  if (new Set(names).size < names.length)
    refuse('BIFOLD_TOPIC_TWICE', {
      failed: `${where} names a topic twice`,
      received: names.join(', '),
      allowed: 'each topic once: the name of the topic decides the side of a record',
      remedy: kind === 'join' ? 'copy one side to a topic of its own' : 'remove one',
    });
  const read = sources.map((source) => ({
    ...source,
    columns: columnsOf(`topic "${source.topic.name}"`, source.topic.schema),
  }));
  if (kind === 'union') checkAlike(where, read);
  const scopes = read.map(({ topic, columns }) => {
    const scope = new ColumnScope(`topic "${topic.name}" in ${where}`, columns);
    checkEventTime(`topic "${topic.name}"`, topic.eventTime, scope);
    return scope;
  });
  for (const [index, { by }] of read.entries())
    for (const field of by) {
      const type = scopes[index]?.type(field, kind === 'join' ? 'on' : 'by') ?? 'json';
      if (type === 'json')
        refuse('BIFOLD_BAD_PARTITION_KEY', {
          failed: `${where} partitions records by "${field}"`,
          received: type,
          allowed: 'a text, number, boolean, timestamp or decimal field',
          remedy: 'choose such a field',
        });
    }
  const columns = kind === 'join' ? joinedColumns(where, read) : (read[0]?.columns ?? []);
  const relay: RelayPlan = {
    partitions,
    sources: sources.map(
      ({ topic, by, prefix }): RelaySourcePlan => ({
        topic: topic.name,
        schemaVersion: topic.schemaVersion,
        eventTime: topic.eventTime,
        by: [...by],
        prefix,
      }),
    ),
    ...(kind === 'join' ? { join: { within: within ?? null } } : {}),
  };
  return {
    topic: relayTopic(pipeline, relay, columns),
    schemaVersion: first.topic.schemaVersion,
    partitionBy: first.by[0] as string,
    eventTime: first.topic.eventTime,
    columns,
    relay,
    schemas: sources.map(({ topic }) => topic.schema),
  };
}

/**
 * The name of the repartition topic. It contains a hash of everything that decides the partition of
 * a record, so another partitioning uses another topic. The hash includes the pipeline's name,
 * because the name may be truncated.
 */
export function relayTopic(pipeline: string, { partitions, sources }: RelayPlan, columns: readonly Column[]): string {
  const placed = sources.map(({ topic, by, prefix }) => ({
    topic,
    by: by.map((field) => columns.find(({ name }) => name === prefix + field)),
  }));
  const hash = createHash('sha256').update(canonicalJson({ pipeline, partitions, placed })).digest('hex');
  return `${pipeline.slice(0, NAME_LENGTH_MAX)}-relay-${hash.slice(0, 8)}`;
}

type Read = RelaySource & { readonly columns: readonly Column[] };

/** Checks that all topics have the same schema and event time. */
function checkAlike(where: string, [first, ...others]: readonly Read[]): void {
  for (const { topic } of others) {
    if (topic.schema === first?.topic.schema && canonicalJson(topic.eventTime) === canonicalJson(first.topic.eventTime))
      continue;
    refuse('BIFOLD_BAD_UNION', {
      failed: `${where} has topics with different schemas or event times`,
      received: `"${first?.topic.name}" and "${topic.name}"`,
      allowed: 'topics of one schema, with one eventTime',
      remedy: 'declare the schema once, and give it to both topics',
    });
  }
}

/** The columns of the left side, then those of the right side with its prefix. */
function joinedColumns(where: string, [left, right]: readonly Read[]): readonly Column[] {
  if (left === undefined || right === undefined) throw new RangeError('a join has two sides');
  for (const [index, field] of left.by.entries()) {
    const other = right.by[index] as string;
    const types = [typeOf(left, field), typeOf(right, other)];
    if (types[0] !== types[1])
      refuse('BIFOLD_BAD_JOIN', {
        failed: `${where} compares fields of different types`,
        received: `${field} (${types[0]}) and ${other} (${types[1]})`,
        allowed: 'two fields of one type',
        remedy: 'correct the names or the schemas',
      });
  }
  const prefixed = left.columns.find(({ name }) => name.startsWith(right.prefix));
  if (prefixed !== undefined)
    refuse('BIFOLD_NAME_TAKEN', {
      failed: `${where} has a left field whose name begins with the prefix of the right side`,
      received: `"${prefixed.name}"`,
      allowed: `names that do not begin with "${right.prefix}"`,
      remedy: 'give the right side another name: as: ...',
    });
  return [
    ...left.columns,
    ...right.columns.map((column) => ({
      ...column,
      name: checkIdentifier(`a column of ${where}`, right.prefix + column.name),
    })),
  ];
}

/**
 * The type of a field, for comparison. Integers and doubles are comparable, because equal numbers
 * have equal texts.
 */
function typeOf({ columns }: Read, field: string): string | undefined {
  const type = columns.find(({ name }) => name === field)?.type;
  return type === 'integer' ? 'double' : type;
}

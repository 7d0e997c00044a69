import type { Aggregate, Window } from '@bifold/core';
import {
  type AnyExpression,
  type Columns,
  type Condition,
  checkResourceName,
  type Duplicates,
  deepFreeze,
  type FlatMappable,
  type FlatMapped,
  type Items,
  type Lateness,
  type Lookup,
  type Present,
  type Readable,
  type ResultOver,
  refuse,
  refuseUnknownOptions,
} from '@bifold/core/engine';
import type { Sink } from '../sinks/sink.ts';
import { isJoin } from '../sources/join.ts';
import { checkSource } from '../sources/registry.ts';
import type { Source, SourceNode } from '../sources/source.ts';
import { checkStream } from './checks.ts';
import { type EventTimeOf, eventTimeOf } from './event-time.ts';
import { latenessMsOf } from './lateness.ts';
import { resultColumns, rowColumns } from './output.ts';
import type { OutputMode } from './output-mode.ts';
import { planStream } from './planning.ts';
import type { Own, Simplify } from './row.ts';
import type { Stream } from './stream.ts';
import { asSoonAsPossible, checkTrigger, type Trigger } from './trigger.ts';

/** The event that a row of `E` becomes. */
type Event<E, F> = Present<E> & FlatMapped<F, E>;

/** A row that sinks receive. Times are ISO 8601 texts. */
export type OutputRow<E, L, D, G extends readonly PropertyKey[], A> = keyof A extends never
  ? Simplify<Own<E, L, D>>
  : Simplify<
      { start: string; end: string } & Pick<Own<E, L, D>, G[number] & keyof Own<E, L, D>> & {
          [N in keyof A]: A[N] extends Aggregate<never, infer R> ? ResultOver<Columns<E, L, D>, R> : never;
        }
    >;

interface Definition<E, L, D, G extends readonly PropertyKey[], W, A, F> {
  /** A letter, then letters, digits, underscores, dots and dashes. Names its checkpoint too. */
  readonly name: string;
  /** A source: `rate`, `files`, `kafka`, `union` or `join`. */
  readonly from: Source<E>;
  /** Tables to join by key. A batch uses the version that is current when it is planned. */
  readonly lookups?: L;
  /** One row for each item or part, as in `{ tag: items('tags') }`; no row without any. */
  readonly flatMap?: F & FlatMappable<NoInfer<F>, NoInfer<Present<E>>>;
  /** Computed columns. Each may read the ones before it. */
  readonly derive?: D & Readable<NoInfer<D>, NoInfer<Columns<Event<E, F>, L, D>>>;
  /** Includes rows for which it is true; false and null exclude them. */
  readonly where?: Condition<Event<E, F>, L, D>;
  /** The column with the event time. A source that has one, such as `rate`, needs none. */
  readonly eventTime?: EventTimeOf<E>;
  /**
   * The delay of the watermark behind the latest event time. Rows are late if the watermark has
   * passed their windows, or their key of `dropDuplicates`.
   */
  readonly dropLate?: Lateness;
  /**
   * Passes only the first row with the same values in these columns. Without `dropLate` their
   * values are remembered indefinitely.
   */
  readonly dropDuplicates?: NoInfer<Duplicates<keyof Own<Event<E, F>, L, D> & string>>;
  /** The key columns of the aggregates; none aggregates all rows together. */
  readonly groupBy?: G;
  /** The windows of the aggregates, by name. */
  readonly windows?: W;
  /** The aggregates, by name. Without them the rows are the result. */
  readonly aggregates?: A;
  /** The rows that a batch emits; `append` by default. */
  readonly outputMode?: OutputMode;
  /** When the next batch begins; as soon as possible by default. */
  readonly trigger?: Trigger;
  /** The destinations of each batch, one or more. */
  readonly sinks: readonly Sink<NoInfer<OutputRow<Event<E, F>, L, D, G, A>>>[];
}

const KNOWN_OPTIONS = [
  'name',
  'from',
  'lookups',
  'flatMap',
  'derive',
  'where',
  'eventTime',
  'dropLate',
  'dropDuplicates',
  'groupBy',
  'windows',
  'aggregates',
  'outputMode',
  'trigger',
  'sinks',
];

/**
 * Checks the definition of a stream and returns it as frozen plain data. `bifold run` runs it, in
 * batches, with a checkpoint.
 *
 * @param definition - the source, what its rows become, and where they go
 * @throws {DefinitionError} BIFOLD_APPEND_WITHOUT_WATERMARK if aggregates are appended without
 *   `dropLate`
 * @throws {DefinitionError} BIFOLD_BAD_OUTPUT_MODE if the output mode does not fit the aggregates
 *   or a sink
 * @throws {DefinitionError} BIFOLD_NO_EVENT_TIME if windows or `dropLate` have no event time
 * @throws {DefinitionError} BIFOLD_NO_SINK if there is no sink
 * @throws {DefinitionError} BIFOLD_NO_SOURCE if there is no source
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if an option names a column that rows do not have
 * @throws {DefinitionError} BIFOLD_UNKNOWN_OPTION if an option does not exist
 * @example
 * export default defineStream({
 *   name: 'revenue-by-city',
 *   from: kafka({ topic: rides, startingOffsets: 'earliest' }),
 *   dropLate: dropLate('10m'),
 *   groupBy: ['city'],
 *   windows: { hourly: tumbling('1h') },
 *   aggregates: { rides: count(), revenue: sum('fare') },
 *   sinks: [console()],
 * });
 */
export function defineStream<
  E,
  // biome-ignore lint/complexity/noBannedTypes: the empty record, not "anything": a stream without lookups joins no columns
  L extends Record<string, Lookup<keyof E & string, unknown>> = {},
  // biome-ignore lint/complexity/noBannedTypes: as above, for derived columns
  D extends Record<string, AnyExpression> = {},
  const G extends readonly (keyof Own<Event<E, F>, L, D> & string)[] = readonly [],
  const W extends Record<string, Window> = Record<string, Window>,
  // biome-ignore lint/complexity/noBannedTypes: as above, for aggregates
  A extends Record<string, Aggregate<Columns<Event<E, F>, L, D>, unknown>> = {},
  // biome-ignore lint/complexity/noBannedTypes: as above, for rows that stay one
  F extends Record<string, Items<unknown, never>> = {},
>(definition: Definition<E, L, D, G, W, A, F>): Stream {
  const { from, sinks, aggregates, groupBy = [], windows = {}, trigger = asSoonAsPossible() } = definition;
  const name = checkResourceName('a stream', definition.name);
  const where = `stream "${name}"`;
  refuseUnknownOptions(where, definition, KNOWN_OPTIONS);
  const source: SourceNode | undefined = from?.source;
  checkSource(source, where);
  checkTrigger(where, trigger);
  const eventTime = eventTimeOf(definition.eventTime) ?? source.eventTime;
  const { rows, aggregation } = planStream(
    { where, columns: source.columns, eventTime },
    definition,
    aggregates === undefined ? null : { groupBy, windows, aggregates },
  );
  const stream: Stream = {
    name,
    source,
    rows,
    aggregation,
    decodedBy: null,
    eventTime,
    latenessMs: latenessOf(where, source, definition),
    dropDuplicates: definition.dropDuplicates ?? null,
    outputMode: definition.outputMode ?? 'append',
    output: deepFreeze(
      aggregation === null ? rowColumns(rows) : resultColumns(rows, aggregation, Object.keys(aggregates ?? {})),
    ),
    trigger,
    sinks: (sinks ?? []).map(({ sink }) => sink),
  };
  checkStream(stream, { groupBy, windows });
  return Object.freeze(stream);
}

/**
 * The delay of the watermark after a join: that of the side whose event time the joined rows have.
 */
function latenessOf(
  where: string,
  source: SourceNode,
  { eventTime, dropLate }: { readonly eventTime?: unknown; readonly dropLate?: Lateness },
): number | null {
  if (!isJoin(source)) return latenessMsOf(where, dropLate);
  if (eventTime !== undefined || dropLate !== undefined)
    refuse('BIFOLD_BAD_JOIN', {
      failed: `${where} has an event time or lateness of its own for the rows of a join`,
      received: eventTime === undefined ? 'dropLate' : 'eventTime',
      allowed: 'eventTime and dropLate on the sides of the join',
      remedy: 'write them in left and right',
    });
  // Rows of a full join may lack the times of either side.
  return source.type === 'full' ? null : (source.type === 'right' ? source.right : source.left).latenessMs;
}

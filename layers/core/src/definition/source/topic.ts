import { DefinitionError } from '../../errors.ts';
import type { EpochUnit, EventTime } from '../../plan/column.ts';
import { checkResourceName } from '../identifier.ts';
import { refuseUnknownOptions } from '../scope.ts';
import type { EventSchema, OutputOf } from './schema.ts';

type FieldsOf<E, V> = { [K in keyof E]-?: E[K] extends V ? K : never }[keyof E] & string;

/**
 * A Kafka topic of JSON records, as a pipeline reads it. `topic` makes one.
 * @example
 * type Ride = typeof rides extends Topic<infer Event> ? Event : never;
 * const cityOf = (ride: Ride): string => ride.city;
 */
export interface Topic<E> {
  /** The name of the Kafka topic. */
  readonly name: string;
  /** The schema that decides which records are valid. Others are quarantined. */
  readonly schema: EventSchema;
  /** The version of the schema's refinements. */
  readonly schemaVersion: number;
  /** The field whose value is the key of a record. */
  readonly partitionBy: string;
  /** The field that holds the event time, and its unit. */
  readonly eventTime: EventTime;
  readonly '~event'?: E;
}

interface TopicOptions<S extends EventSchema> {
  /**
   * A Standard Schema with JSON Schema output, such as `z.object({ ... })` of zod 4. Invalid
   * records are quarantined.
   */
  readonly schema: S;
  /**
   * A whole number from 1, part of the view's version. Raise it when a refinement of the schema
   * changes, because refinements are invisible in JSON Schema.
   */
  readonly schemaVersion: number;
  /** The text or integer field whose value is the key of a record, and so decides its partition. */
  readonly partitionBy: FieldsOf<OutputOf<S>, string | number | null | undefined>;
  /**
   * The field that holds the event time: a text of format date-time, or `{ field, unit }` of an
   * integer since the epoch. `unit` is `s`, `ms` or `us`.
   */
  readonly eventTime:
    | FieldsOf<OutputOf<S>, string | Date>
    | { readonly field: FieldsOf<OutputOf<S>, number>; readonly unit: EpochUnit };
}

/**
 * Declares a Kafka topic of JSON records. A record whose event time is null is
 * quarantined.
 *
 * @param name - a letter, then letters, digits, underscores, dots and dashes
 * @param options - the schema of a record, its key and its event time
 * @throws {DefinitionError} BIFOLD_BAD_NAME if the name cannot be used
 * @throws {DefinitionError} BIFOLD_BAD_SCHEMA_VERSION if `schemaVersion` is not a whole number from
 *   1
 * @throws {DefinitionError} BIFOLD_BAD_EVENT_TIME if the event time is neither a date-time text nor
 *   an integer with a known unit
 * @throws {DefinitionError} BIFOLD_BAD_PARTITION_KEY if `partitionBy` is neither a text nor an
 *   integer field
 * @throws {DefinitionError} BIFOLD_UNKNOWN_OPTION if an option does not exist
 * @example
 * const payments = topic('payments', {
 *   schema: z.object({ account: z.string(), atMs: z.int(), amount: z.number().nullable() }),
 *   schemaVersion: 1,
 *   partitionBy: 'account',
 *   eventTime: { field: 'atMs', unit: 'ms' },
 * });
 */
export function topic<S extends EventSchema>(name: string, options: TopicOptions<S>): Topic<OutputOf<S>> {
  checkResourceName('a topic', name);
  const { schema, schemaVersion, partitionBy, eventTime } = options;
  refuseUnknownOptions(`topic "${name}"`, options, ['schema', 'schemaVersion', 'partitionBy', 'eventTime']);
  if (!Number.isSafeInteger(schemaVersion) || schemaVersion < 1) {
    throw new DefinitionError('BIFOLD_BAD_SCHEMA_VERSION', {
      failed: `topic "${name}" has no usable schemaVersion`,
      received: String(schemaVersion),
      allowed: 'a whole number from 1',
      remedy: 'write schemaVersion: 1, and raise it when a refinement of the schema changes',
    });
  }
  return Object.freeze({
    name,
    schema,
    schemaVersion,
    partitionBy,
    eventTime: Object.freeze(
      typeof eventTime === 'string'
        ? { kind: 'dateTime', field: eventTime }
        : { kind: 'epoch', field: eventTime?.field, unit: eventTime?.unit },
    ) as EventTime,
  });
}

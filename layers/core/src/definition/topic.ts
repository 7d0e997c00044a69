import { DefinitionError } from '../errors.ts';
import type { EpochUnit, EventTime } from '../plan/column.ts';
import { checkResourceName } from './identifier.ts';
import type { EventSchema, OutputOf } from './schema.ts';
import { refuseUnknownOptions } from './scope.ts';

type FieldsOf<E, V> = { [K in keyof E]-?: E[K] extends V ? K : never }[keyof E] & string;

/** A Kafka topic of JSON records, as a pipeline reads it. */
export interface Topic<E> {
  readonly name: string;
  readonly schema: EventSchema;
  readonly schemaVersion: number;
  readonly partitionBy: string;
  readonly eventTime: EventTime;
  readonly '~event'?: E;
}

interface TopicOptions<S extends EventSchema> {
  readonly schema: S;
  /**
   * Raise it when a refinement of the schema changes: refinements are invisible in JSON Schema, and
   * this number enters the view's version.
   */
  readonly schemaVersion: number;
  /** The field whose value is the record's key, hence its partition. */
  readonly partitionBy: FieldsOf<OutputOf<S>, string | number | null | undefined>;
  readonly eventTime:
    | FieldsOf<OutputOf<S>, string | Date>
    | { readonly field: FieldsOf<OutputOf<S>, number>; readonly unit: EpochUnit };
}

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

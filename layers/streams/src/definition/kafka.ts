import type { Topic } from '@bifold/core';
import { type Column, type EventSchema, type EventTime, refuseUnknownOptions } from '@bifold/core/engine';
import type { KafkaSinkNode } from '../sinks/kafka.ts';
import { type Sink, sinkOf } from '../sinks/sink.ts';
import type { KafkaNode, KafkaRow } from '../sources/kafka.ts';
import { columnOf, declaredColumns, type OutputOf } from '../sources/schema.ts';
import { type Source, type StartingOffsets, sourceOf } from '../sources/source.ts';

interface Reading {
  /** The start of a stream without a checkpoint; `latest` by default. */
  readonly startingOffsets?: StartingOffsets;
  /** The most offsets of a batch, divided among partitions by their backlog; all by default. */
  readonly maxOffsetsPerTrigger?: number;
}
type Names = { readonly topic: string | readonly string[] } | { readonly pattern: RegExp };
type PipelineTopic = Pick<Topic<unknown>, 'name' | 'schema' | 'eventTime'>;

interface KafkaOptions extends Reading {
  /** The name of a topic, several names, or the topic of a pipeline with its schema. */
  readonly topic?: string | readonly string[] | PipelineTopic;
  /** Reads all topics whose whole names match, in place of `topic`. */
  readonly pattern?: RegExp;
  /** The schema of JSON values. Without one, the rows are the records: see `KafkaRow`. */
  readonly schema?: EventSchema;
  /** A sink only: the column whose value is the key of a record; null keys by default. */
  readonly key?: string;
}

const RECORD_COLUMNS: readonly Column[] = [
  columnOf('key', 'text', true),
  columnOf('value', 'text', true),
  columnOf('topic', 'text'),
  columnOf('partition', 'integer'),
  columnOf('offset', 'integer'),
  columnOf('timestamp', 'timestamp'),
];
const RECORD_TIME: EventTime = { kind: 'dateTime', field: 'timestamp' };

/**
 * Topics as a source, or one topic as a sink. A source has the JSON values of records as rows if
 * there is a schema, and the records themselves otherwise. A sink writes each row as a record of
 * JSON, exactly once for `read_committed` readers.
 *
 * @param options - the topics, and where to start
 * @throws {DefinitionError} BIFOLD_BAD_OFFSETS if the stream reads it and `startingOffsets` cannot
 *   be read
 * @throws {DefinitionError} BIFOLD_NO_TOPIC if the stream reads it and there is no topic
 * @throws {DefinitionError} BIFOLD_UNKNOWN_OPTION if an option does not exist
 * @example
 * defineStream({
 *   name: 'long-rides',
 *   from: kafka({ topic: rides, startingOffsets: 'earliest' }),
 *   where: field('minutes').gt(60),
 *   sinks: [kafka({ topic: 'long-rides', key: 'driver' })],
 * });
 */
export function kafka<E>(options: { readonly topic: Topic<E> } & Reading): Source<E>;
export function kafka<S extends EventSchema>(options: Names & { readonly schema: S } & Reading): Source<OutputOf<S>>;
export function kafka(options: { readonly pattern: RegExp } & Reading): Source<KafkaRow>;
export function kafka(
  options: { readonly topic: string; readonly key?: string } & Reading,
): Source<KafkaRow> & Sink<unknown>;
export function kafka(options: { readonly topic: readonly string[] } & Reading): Source<KafkaRow>;
export function kafka(options: KafkaOptions): Source<unknown> & Partial<Sink<unknown>> {
  refuseUnknownOptions('kafka', options, [
    'topic',
    'pattern',
    'schema',
    'startingOffsets',
    'maxOffsetsPerTrigger',
    'key',
  ]);
  const { topic, pattern, startingOffsets = 'latest', maxOffsetsPerTrigger = null, key = null } = options;
  const declared = isPipelineTopic(topic) ? topic : null;
  const schema = options.schema ?? declared?.schema ?? null;
  const { source } = sourceOf<unknown, KafkaNode>({
    kind: 'kafka',
    topics: pattern === undefined ? namesOf(topic) : { pattern: pattern.source },
    schema,
    startingOffsets,
    maxOffsetsPerTrigger,
    columns: schema === null ? RECORD_COLUMNS : declaredColumns('the topic', schema),
    eventTime: schema === null ? RECORD_TIME : (declared?.eventTime ?? null),
  });
  if (typeof topic !== 'string') return Object.freeze({ source });
  const { sink } = sinkOf<unknown, KafkaSinkNode>({ kind: 'kafka', topic, key });
  return Object.freeze({ source, sink });
}

function namesOf(topic: KafkaOptions['topic']): readonly string[] {
  if (topic === undefined) return [];
  if (typeof topic === 'string') return [topic];
  return isPipelineTopic(topic) ? [topic.name] : topic;
}

function isPipelineTopic(topic: KafkaOptions['topic']): topic is PipelineTopic {
  return typeof topic === 'object' && topic !== null && !Array.isArray(topic);
}

import type { Topic } from '@bifold/core';
import { type Column, type EventSchema, type EventTime, refuseUnknownOptions } from '@bifold/core/engine';
import type { KafkaSinkNode } from '../sinks/kafka.ts';
import { type Sink, sinkOf } from '../sinks/sink.ts';
import type { KafkaNode, KafkaRow } from '../sources/kafka.ts';
import { columnOf, declaredColumns, type OutputOf } from '../sources/schema.ts';
import { type Source, type StartingOffsets, sourceOf } from '../sources/source.ts';

interface Reading {
  readonly startingOffsets?: StartingOffsets;
  /**
   * The limit of offsets per batch. It is divided among the partitions in proportion to their
   * available offsets.
   */
  readonly maxOffsetsPerTrigger?: number;
}
type Names = { readonly topic: string | readonly string[] } | { readonly pattern: RegExp };
type PipelineTopic = Pick<Topic<unknown>, 'name' | 'schema' | 'eventTime'>;

interface KafkaOptions extends Reading {
  readonly topic?: string | readonly string[] | PipelineTopic;
  readonly pattern?: RegExp;
  readonly schema?: EventSchema;
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
 * A source of one or several topics. With a schema, or the topic of a pipeline, rows are the JSON
 * values. Without a schema, rows are the Kafka records.
 */
export function kafka<E>(options: { readonly topic: Topic<E> } & Reading): Source<E>;
export function kafka<S extends EventSchema>(options: Names & { readonly schema: S } & Reading): Source<OutputOf<S>>;
export function kafka(options: { readonly pattern: RegExp } & Reading): Source<KafkaRow>;
/**
 * A topic as a source of records, or as a sink. The sink writes each row as a JSON record. The
 * column named by `key` is its key.
 */
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

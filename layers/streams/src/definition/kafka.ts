import type { Topic } from '@bifold/core';
import type { EventSchema } from '@bifold/core/engine';
import type { Sink } from '../sinks/sink.ts';
import type { KafkaRow, OutputOf, Source, StartingOffsets, TopicLike } from './source.ts';

interface Reading {
  readonly startingOffsets?: StartingOffsets;
  /**
   * The limit of offsets per batch. It is divided among the partitions in proportion to their
   * available offsets.
   */
  readonly maxOffsetsPerTrigger?: number;
}
type Names = { readonly topic: string | readonly string[] } | { readonly pattern: RegExp };

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
export function kafka(
  options: {
    readonly topic?: string | readonly string[] | TopicLike;
    readonly pattern?: RegExp;
    readonly schema?: EventSchema;
    readonly key?: string;
  } & Reading,
): Source<unknown> & Partial<Sink<unknown>> {
  const { topic, pattern, startingOffsets = 'latest', maxOffsetsPerTrigger = null, key = null } = options;
  const known = isTopic(topic) ? topic : null;
  const named = known?.name ?? (topic as string | readonly string[] | undefined);
  return Object.freeze({
    source: Object.freeze({
      kind: 'kafka',
      topics: pattern ? { pattern: pattern.source } : typeof named === 'string' ? [named] : (named ?? []),
      schema: options.schema ?? known?.schema ?? null,
      startingOffsets,
      maxOffsetsPerTrigger,
      eventTime: known?.eventTime ?? null,
    }),
    ...(typeof topic === 'string' ? { sink: Object.freeze({ kind: 'kafka', topic, key }) } : {}),
  });
}

function isTopic(topic: unknown): topic is TopicLike {
  return typeof topic === 'object' && topic !== null && !Array.isArray(topic);
}

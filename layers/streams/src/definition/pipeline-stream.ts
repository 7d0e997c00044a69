import type { Pipeline } from '@bifold/core';
import { type Lateness, type Plan, refuse, refuseUnknownOptions } from '@bifold/core/engine';
import { console } from '../sinks/console.ts';
import type { KafkaNode } from '../sources/kafka.ts';
import { checkSource } from '../sources/registry.ts';
import type { StartingOffsets } from '../sources/source.ts';
import { checkStream } from './checks.ts';
import { latenessMsOf } from './lateness.ts';
import { resultColumns } from './output.ts';
import type { OutputMode } from './output-mode.ts';
import type { Stream } from './stream.ts';
import { asSoonAsPossible, checkTrigger, type Trigger } from './trigger.ts';

export interface PipelineStreamOptions {
  readonly startingOffsets?: StartingOffsets;
  readonly outputMode?: OutputMode;
  readonly dropLate?: Lateness;
  readonly trigger?: Trigger;
}

const KNOWN_OPTIONS = ['startingOffsets', 'outputMode', 'dropLate', 'trigger'];

/**
 * A pipeline as a stream: it reads the topic of the pipeline, and shows its aggregation on the
 * console.
 */
export function streamOf(pipeline: Pipeline, options: PipelineStreamOptions = {}): Stream {
  const { plan, schema } = pipeline;
  const where = `pipeline "${plan.name}"`;
  refuseUnknownOptions(`${where} as a stream`, options, KNOWN_OPTIONS);
  refuseForStream(where, plan);
  const { startingOffsets = 'earliest', outputMode = 'update', dropLate, trigger = asSoonAsPossible() } = options;
  const source: KafkaNode = {
    kind: 'kafka',
    topics: [plan.topic],
    schema,
    startingOffsets,
    maxOffsetsPerTrigger: null,
    columns: plan.columns,
    eventTime: plan.eventTime,
  };
  checkSource(source, where);
  checkTrigger(where, trigger);
  const stream: Stream = {
    name: plan.name,
    source,
    rows: plan,
    aggregation: plan,
    decodedBy: pipeline,
    eventTime: plan.eventTime,
    latenessMs: latenessMsOf(where, dropLate),
    dropDuplicates: null,
    outputMode,
    output: resultColumns(
      plan,
      plan,
      plan.aggregates.map(({ name }) => name),
    ),
    trigger,
    sinks: [console().sink],
  };
  checkStream(stream, { groupBy: plan.groupBy, windows: {} });
  return Object.freeze(stream);
}

/**
 * Refuses a pipeline whose result a stream could not repeat. A pipeline decides about duplicates,
 * late events and pairs by all earlier offsets; a stream decides by the batches that it ran.
 */
function refuseForStream(where: string, plan: Plan): void {
  const deploy = `deploy it: npx bifold deploy ${plan.name}`;
  if (plan.models !== undefined)
    refuse('BIFOLD_STREAM_SCORES', {
      failed: `${where} cannot be run as a stream in a process`,
      received: 'a pipeline that scores with models',
      allowed: 'a pipeline without scores: a process has no segments to bind a version to',
      remedy: deploy,
    });
  const option = statefulOptionOf(plan);
  if (option !== null)
    refuse('BIFOLD_STREAM_STATEFUL', {
      failed: `${where} cannot be run as a stream in a process`,
      received: `a pipeline with ${option}, which depends on all earlier records of the topic`,
      allowed: 'a pipeline of one topic without dropDuplicates and dropLate',
      remedy: `${deploy}, or define a stream of its topics, which follows Spark's rules: defineStream({ ... })`,
    });
}

/** The option that makes the result of a pipeline depend on earlier records; null without one. */
function statefulOptionOf({ relay, duplicates, late }: Plan): string | null {
  if (relay !== undefined) {
    if (relay.join !== undefined) return 'from: join(...)';
    return relay.sources.length > 1 ? 'from: union(...)' : 'from: repartition(...)';
  }
  if (duplicates !== undefined) return 'dropDuplicates';
  return late === undefined ? null : 'dropLate';
}

import type { Pipeline } from '@bifold/core';
import { DefinitionError, type Lateness } from '@bifold/core/engine';
import { console } from '../sinks/console.ts';
import { checkStream } from './checks.ts';
import { latenessMsOf } from './lateness.ts';
import { resultColumns } from './output.ts';
import type { OutputMode } from './output-mode.ts';
import type { StartingOffsets } from './source.ts';
import type { Stream } from './stream.ts';
import { asItComes, type Trigger } from './trigger.ts';

export interface PipelineStreamOptions {
  readonly startingOffsets?: StartingOffsets;
  readonly outputMode?: OutputMode;
  readonly dropLate?: Lateness;
  readonly trigger?: Trigger;
}

function scored(name: string): DefinitionError {
  return new DefinitionError('BIFOLD_STREAM_SCORES', {
    failed: `pipeline "${name}" cannot be run as a stream in a process`,
    received: 'a pipeline that scores with models',
    allowed: 'a pipeline without scores: a process has no segments to bind a version to',
    remedy: `deploy it: npx bifold deploy ${name}`,
  });
}

/**
 * A pipeline as a stream: it reads the topic of the pipeline, and shows its aggregation on the
 * console.
 */
export function streamOf(pipeline: Pipeline, options: PipelineStreamOptions = {}): Stream {
  const { plan, schema } = pipeline;
  const { startingOffsets = 'earliest', outputMode = 'update', dropLate, trigger = asItComes() } = options;
  if (plan.models !== undefined) throw scored(plan.name);
  const stream: Stream = {
    name: plan.name,
    source: {
      kind: 'kafka',
      topics: [plan.topic],
      schema,
      startingOffsets,
      maxOffsetsPerTrigger: null,
      eventTime: plan.eventTime,
    },
    rows: plan,
    aggregation: plan,
    decodedBy: pipeline,
    eventTime: plan.eventTime,
    latenessMs: latenessMsOf(`pipeline "${plan.name}"`, dropLate),
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

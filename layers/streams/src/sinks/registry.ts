import { described, refuse } from '@bifold/core/engine';
import { cassandraDescriptor } from './cassandra.ts';
import { consoleDescriptor } from './console.ts';
import { filesDescriptor } from './files.ts';
import { foreachBatchDescriptor, foreachDescriptor } from './functions.ts';
import { kafkaDescriptor } from './kafka.ts';
import { memoryDescriptor } from './memory.ts';
import type { OpenSink, SinkContext, SinkDescriptor, SinkNode, SinkRows } from './sink.ts';

/** Every kind of sink. */
const SINKS: readonly SinkDescriptor<never>[] = [
  consoleDescriptor,
  memoryDescriptor,
  filesDescriptor,
  kafkaDescriptor,
  cassandraDescriptor,
  foreachBatchDescriptor,
  foreachDescriptor,
];

const BY_KIND = new Map(SINKS.map((descriptor) => [descriptor.kind, descriptor as SinkDescriptor<SinkNode>]));

export const SINK_KINDS: readonly string[] = [...BY_KIND.keys()];

export function checkSink(node: SinkNode, rows: SinkRows): void {
  const descriptor = BY_KIND.get(node?.kind);
  if (descriptor === undefined)
    refuse('BIFOLD_BAD_SINK', {
      failed: `stream "${rows.name}" has an unknown sink`,
      received: described(node),
      allowed: `${SINK_KINDS.join(', ')}; files without a schema, kafka of one topic`,
      remedy: 'write one of them, as in sinks: [console()]',
    });
  descriptor.check(node, rows);
}

export function sinkFingerprint(node: SinkNode): object {
  return descriptorOf(node).fingerprint(node);
}

export function openSink(node: SinkNode, context: SinkContext): OpenSink {
  return descriptorOf(node).open(node, context);
}

/** The descriptor of a checked node, whose kind is known. */
function descriptorOf({ kind }: SinkNode): SinkDescriptor<SinkNode> {
  return BY_KIND.get(kind) as SinkDescriptor<SinkNode>;
}

import type { SinkNode } from '../definition/sink.ts';
import type { Stream } from '../definition/stream.ts';
import type { Ports } from '../ports.ts';
import { cassandraSink } from './cassandra.ts';
import { consoleSink } from './console.ts';
import { filesSink } from './files.ts';
import { foreachBatchSink, foreachSink } from './functions.ts';
import { kafkaSink } from './kafka.ts';
import { type MemoryTables, memorySink } from './memory.ts';
import type { OpenSink } from './sink.ts';

export function openSink(
  node: SinkNode,
  { output }: Stream,
  checkpoint: string,
  ports: Ports,
  tables: MemoryTables,
): OpenSink {
  switch (node.kind) {
    case 'console':
      return consoleSink(node, ports);
    case 'memory':
      return memorySink(node, output, tables);
    case 'files':
      return filesSink(node, ports);
    case 'kafka':
      return kafkaSink(node, checkpoint, ports);
    case 'cassandra':
      return cassandraSink(node, output, ports);
    case 'foreachBatch':
      return foreachBatchSink(node.call);
    case 'foreach':
      return foreachSink(node.process, node.around);
  }
}

import { type Column, refuse } from '@bifold/core/engine';
import type { MemoryTables } from './memory-tables.ts';
import { acceptedRows, utf8Problem } from './row-check.ts';
import { type OpenSink, type Sink, type SinkDescriptor, type SinkNode, type SinkRows, sinkOf } from './sink.ts';

interface MemoryNode extends SinkNode {
  readonly kind: 'memory';
  readonly table: string;
}

/**
 * Collects the rows in a table of this process, which `bifold run <file> --sql` queries at the end.
 *
 * @param table - the name of the table
 * @example
 * defineStream({
 *   name: 'sample',
 *   from: kafka({ topic: rides, startingOffsets: 'earliest' }),
 *   trigger: availableNow(),
 *   sinks: [memory('rides')],
 * });
 */
export function memory(table: string): Sink<unknown> {
  return sinkOf({ kind: 'memory', table });
}

export const memoryDescriptor: SinkDescriptor<MemoryNode> = {
  kind: 'memory',
  check: checkMode,
  fingerprint: (node) => node,
  open: (node, { output, tables }) => memorySink(node, output, tables),
};

function checkMode(_: MemoryNode, { name, outputMode, aggregation }: SinkRows): void {
  if (aggregation !== null && outputMode === 'update')
    refuse('BIFOLD_BAD_OUTPUT_MODE', {
      failed: `stream "${name}" keeps changed rows in memory`,
      received: 'memory with outputMode: update',
      allowed: 'append or complete: the table would hold old and new values of a row side by side',
      remedy: "write outputMode: 'complete'",
    });
}

function memorySink({ table }: MemoryNode, columns: readonly Column[], tables: MemoryTables): OpenSink {
  const { batches } = tables.define(table, columns);
  return {
    async write(batch, setAside) {
      const { rows, refused } = acceptedRows(batch, (row) => utf8Problem(columns, row));
      await setAside(refused);
      if (batch.mode === 'complete') batches.clear();
      batches.set(batch.number, { ...batch, rows });
    },
    close: async () => undefined,
  };
}

import type { AroundRows, BatchFunction, RowFunction } from '../definition/sink.ts';
import type { Batch } from '../ports.ts';
import { recordOf } from '../rows.ts';
import type { OpenSink } from './sink.ts';

/** The number of the batch lets a function recognise a batch that it has already processed. */
export function foreachBatchSink(call: BatchFunction<never>): OpenSink {
  return {
    async take(batch) {
      await call(recordsOf(batch) as never, { stream: batch.stream, batch: batch.number });
    },
    close: async () => undefined,
  };
}

export function foreachSink(process: RowFunction<never>, { open, close }: AroundRows): OpenSink {
  return {
    async take(batch) {
      const context = { stream: batch.stream, batch: batch.number };
      if (open !== undefined && !(await open(context))) return;
      let failure: unknown = null;
      try {
        for (const record of recordsOf(batch)) await process(record as never, context);
      } catch (error) {
        failure = error;
        throw error;
      } finally {
        await close?.(failure);
      }
    },
    close: async () => undefined,
  };
}

function recordsOf({ columns, rows }: Batch): Record<string, unknown>[] {
  return rows.map((row) => recordOf(columns, row));
}

import { refuseUnknownOptions } from '@bifold/core/engine';
import type { Batch } from '../ports.ts';
import { recordOf } from '../rows.ts';
import { type OpenSink, type Sink, type SinkDescriptor, type SinkNode, sinkOf } from './sink.ts';

/** The context of a batch that a function receives. */
export interface BatchContext {
  readonly stream: string;
  /**
   * The number of the batch, from 0. After a crash, a batch is repeated with the same number and
   * the same rows: skip the rows that you already have.
   */
  readonly batch: number;
}

export type BatchFunction<Row> = (rows: readonly Row[], context: BatchContext) => void | Promise<void>;

export type RowFunction<Row> = (row: Row, context: BatchContext) => void | Promise<void>;

/** Functions called before and after the rows of a batch. */
export interface AroundRows {
  /** Returns false to skip the rows of this batch. */
  readonly open?: (context: BatchContext) => boolean | Promise<boolean>;
  /** Called after the last row, or with the error that a row caused. */
  readonly close?: (error: unknown) => void | Promise<void>;
}

interface ForeachBatchNode extends SinkNode {
  readonly kind: 'foreachBatch';
  readonly call: BatchFunction<never>;
}

interface ForeachNode extends SinkNode {
  readonly kind: 'foreach';
  readonly process: RowFunction<never>;
  readonly around: AroundRows;
}

/**
 * Passes the rows of each batch to your function, with the number of the batch. The parameter type
 * of the function must match the rows of the stream.
 */
export function foreachBatch<Row>(call: BatchFunction<Row>): Sink<Row> {
  return sinkOf({ kind: 'foreachBatch', call });
}

/**
 * Passes each row to your function. `open` and `close`, if given, are called before and after the
 * rows of a batch.
 */
export function foreach<Row>(process: RowFunction<Row>, around: AroundRows = {}): Sink<Row> {
  refuseUnknownOptions('foreach', around, ['open', 'close']);
  return sinkOf({ kind: 'foreach', process, around });
}

export const foreachBatchDescriptor: SinkDescriptor<ForeachBatchNode> = {
  kind: 'foreachBatch',
  check: () => undefined,
  fingerprint: ({ kind }) => ({ kind }),
  open: ({ call }) => foreachBatchSink(call),
};

export const foreachDescriptor: SinkDescriptor<ForeachNode> = {
  kind: 'foreach',
  check: () => undefined,
  fingerprint: ({ kind }) => ({ kind }),
  open: ({ process, around }) => foreachSink(process, around),
};

/** The number of the batch lets a function recognise a batch that it has already processed. */
function foreachBatchSink(call: BatchFunction<never>): OpenSink {
  return {
    async write(batch) {
      await call(recordsOf(batch) as never, { stream: batch.stream, batch: batch.number });
    },
    close: async () => undefined,
  };
}

function foreachSink(process: RowFunction<never>, { open, close }: AroundRows): OpenSink {
  return {
    async write(batch) {
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

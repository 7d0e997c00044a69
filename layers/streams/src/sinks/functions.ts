import { refuseUnknownOptions } from '@bifold/core/engine';
import { StreamError } from '../errors.ts';
import type { Batch } from '../ports.ts';
import { recordOf } from '../rows.ts';
import { type OpenSink, type RefusedRow, type Sink, type SinkDescriptor, type SinkNode, sinkOf } from './sink.ts';

/**
 * The batch of the rows that a function receives.
 *
 * @example
 * const label = ({ stream, batch }: BatchContext) => `${stream} ${batch}`;
 */
export interface BatchContext {
  /** The name of the stream. */
  readonly stream: string;
  /**
   * The number of the batch, from 0. A batch that is repeated after a crash has the same number and
   * the same rows: skip the rows that you already have.
   */
  readonly batch: number;
  /**
   * Sets a row of the batch aside in the quarantine, with a reason. An error that a function throws
   * ends the stream, and the next run repeats the batch.
   */
  setAside(row: object, reason: string): void;
}

export type BatchFunction<Row> = (rows: readonly Row[], context: BatchContext) => void | Promise<void>;

export type RowFunction<Row> = (row: Row, context: BatchContext) => void | Promise<void>;

/**
 * Functions that `foreach` calls before and after the rows of a batch.
 *
 * @example
 * const evenBatches: AroundRows = { open: ({ batch }) => batch % 2 === 0 };
 */
export interface AroundRows {
  /** Called before the first row. False skips the rows of the batch. */
  readonly open?: (context: BatchContext) => boolean | Promise<boolean>;
  /** Called after the last row with null, or with the error that a row threw. */
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
 * Passes the rows of each batch to a function of yours, with the number of the batch. A stream
 * whose rows do not fit the function is a compile-time error.
 *
 * @param call - receives the rows and the context of a batch
 * @example
 * const revenueByBatch = new Map<number, number>();
 * defineStream({
 *   name: 'revenue',
 *   from: kafka({ topic: rides }),
 *   sinks: [
 *     foreachBatch((rows: readonly { fare: number | null }[], { batch }) => {
 *       revenueByBatch.set(batch, rows.reduce((total, { fare }) => total + (fare ?? 0), 0));
 *     }),
 *   ],
 * });
 */
export function foreachBatch<Row>(call: BatchFunction<Row>): Sink<Row> {
  return sinkOf({ kind: 'foreachBatch', call });
}

/**
 * Passes one row after another to a function of yours.
 *
 * @param process - receives a row and the context of its batch
 * @param around - functions to call before and after the rows of a batch
 * @throws {DefinitionError} BIFOLD_UNKNOWN_OPTION if `around` has another function
 * @example
 * const seen = new Set<string>();
 * defineStream({
 *   name: 'cities',
 *   from: kafka({ topic: rides }),
 *   sinks: [foreach(({ city }: { city: string }) => void seen.add(city))],
 * });
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
    async write(batch, setAside) {
      const records = recordsOf(batch);
      const { context, refused } = contextOf(batch, records);
      await call(records as never, context);
      await setAside(refused);
    },
    close: async () => undefined,
  };
}

function foreachSink(process: RowFunction<never>, { open, close }: AroundRows): OpenSink {
  return {
    async write(batch, setAside) {
      const records = recordsOf(batch);
      const { context, refused } = contextOf(batch, records);
      if (open !== undefined && !(await open(context))) return;
      let failure: unknown = null;
      try {
        for (const record of records) await process(record as never, context);
      } catch (error) {
        failure = error;
        throw error;
      } finally {
        await close?.(failure);
      }
      await setAside(refused);
    },
    close: async () => undefined,
  };
}

function contextOf({ stream, number }: Batch, records: readonly object[]) {
  const refused: RefusedRow[] = [];
  const places = new Map(records.map((record, index) => [record, index]));
  const context: BatchContext = {
    stream,
    batch: number,
    setAside(row, detail) {
      const index = places.get(row);
      if (index === undefined)
        throw new StreamError('BIFOLD_UNKNOWN_ROW', {
          failed: `stream "${stream}" cannot set a row aside`,
          received: 'an object that is no row of the batch, or that is set aside already',
          allowed: 'a row as the function received it, once',
          remedy: 'pass the row itself, not a copy',
        });
      places.delete(row);
      refused.push({ index, reason: 'set-aside', detail });
    },
  };
  return { context, refused };
}

function recordsOf({ columns, rows }: Batch): Record<string, unknown>[] {
  return rows.map((row) => recordOf(columns, row));
}

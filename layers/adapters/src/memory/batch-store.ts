import {
  type BatchRow,
  type BatchStore,
  bucketOf,
  compareUtf8,
  LOG_TIMESTAMP_BASE_US,
  NOTHING_PUBLISHED,
  type Pointer,
  type RunEntry,
  type Scope,
} from '@bifold/core/engine';
import { checkSuccessor, isSamePointer } from '../pointer.ts';
import { joinKey, utf8 } from './cell-table.ts';
import { sliceOf } from './row-slice.ts';
import type { MemoryTables } from './tables.ts';

/** The batch tables of one scope. */
interface BatchTables {
  readonly tables: Pick<MemoryTables, 'batchRows' | 'pointers' | 'runs'>;
  readonly scope: Scope;
  /** The key of the scope itself. */
  readonly scoped: string;
  readonly buckets: number;
}

export function memoryBatchStore(tables: MemoryTables, scope: Scope, buckets: number): BatchStore {
  const scoped = joinKey(scope.version, scope.topicId);
  const batch: BatchTables = { tables, scope, scoped, buckets };
  return {
    readPointer: async () => pointerOf(batch),

    async publish(expected, next) {
      checkSuccessor(expected, next);
      return movePointer(batch, expected, next);
    },

    restorePointer: async (expected, restored) => movePointer(batch, expected, restored),

    async registerRun(entry) {
      const { run, generation } = entry;
      tables.runs.write(scoped, joinKey(generation, run), timestampOf(generation), utf8(''), entry);
    },

    listRuns: async () =>
      tables.runs
        .rows(scoped)
        .sort((left, right) => left.generation - right.generation || compareUtf8(left.run, right.run)),

    writeRows: async (entry, rows) => writeRows(batch, entry, rows),

    scan: (run, bucket, filter, after) => sliceOf(tables.batchRows.rows(keyOf(batch, run, bucket)), filter, after),

    async deleteRun({ run, generation }) {
      const timestamp = timestampOf(generation);
      for (let bucket = 0; bucket < buckets; bucket++) tables.batchRows.delete(keyOf(batch, run, bucket), timestamp);
      tables.runs.deleteRow(scoped, joinKey(generation, run), timestamp);
    },
  };
}

function keyOf({ scope }: BatchTables, run: string, bucket: number): string {
  return joinKey(scope.version, scope.topicId, run, bucket);
}

function pointerOf({ tables, scoped }: BatchTables): Pointer {
  return tables.pointers.get(scoped) ?? NOTHING_PUBLISHED;
}

function movePointer(batch: BatchTables, expected: Pointer, next: Pointer): boolean {
  if (!isSamePointer(pointerOf(batch), expected)) return false;
  batch.tables.pointers.set(batch.scoped, structuredClone(next));
  return true;
}

function writeRows(batch: BatchTables, { run, generation }: RunEntry, rows: readonly BatchRow[]): void {
  const timestamp = timestampOf(generation);
  for (const row of rows) {
    // The caller may write into its bytes again.
    const stored = { ...row, cell: row.cell.slice() };
    batch.tables.batchRows.write(
      keyOf(batch, run, bucketOf(row.key, batch.buckets)),
      joinKey(row.key, row.window, row.startMs),
      timestamp,
      stored.cell,
      stored,
    );
  }
}

/** All rows of a run have one timestamp, at which a deletion wins. */
function timestampOf(generation: number): bigint {
  return LOG_TIMESTAMP_BASE_US + BigInt(generation);
}

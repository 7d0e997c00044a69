import {
  type BatchRow,
  type BatchStore,
  bucketOf,
  canonicalJson,
  LOG_TIMESTAMP_BASE_US,
  NOTHING_PUBLISHED,
  type Pointer,
  type PublishedRun,
  type RunEntry,
  type Scope,
  TABLES,
} from '@bifold/core/engine';
import { eachOf } from '../concurrency.ts';
import { checkSuccessor, pointerText, readPointerText } from '../pointer.ts';
import { bufferOf, type CassandraClient, type ScopeValues, type Statement, scopeValues } from './client.ts';
import { readRows, type SliceTable } from './row-slices.ts';
import { deleteCql, insertCql, selectCql } from './tables.ts';
import { WRITES_IN_FLIGHT, writeGroups } from './write-groups.ts';

export interface BatchStoreOptions {
  readonly buckets: number;
  readonly fetchSize?: number;
}

const BATCH_ROWS: SliceTable<BatchRow> = {
  name: 'batchRows',
  columns: ['key', 'window', 'start', 'cell'],
  decode: (row) => ({ key: row.key, window: row.window, startMs: Number(row.start), cell: row.cell }),
};
const FETCH_SIZE_ROWS = 1000;
const ATTEMPTS_MAX = 3;

/** The tables of one scope, with the statements that are prepared for them. */
interface BatchTables {
  readonly client: CassandraClient;
  readonly scoped: ScopeValues;
  readonly buckets: number;
  readonly insertRow: string;
  readonly deleteRows: string;
  readonly insertRun: string;
  readonly deleteRun: string;
  readonly insertPointer: string;
  readonly updatePointer: string;
  readonly selectPointer: string;
}

export function batchStore(client: CassandraClient, scope: Scope, options: BatchStoreOptions): BatchStore {
  const scoped = scopeValues(scope);
  const { buckets, fetchSize = FETCH_SIZE_ROWS } = options;
  const batch: BatchTables = {
    client,
    scoped,
    buckets,
    insertRow: insertCql(client, 'batchRows'),
    deleteRows: deleteCql(client, 'batchRows', TABLES.batchRows.partitionKey),
    insertRun: insertCql(client, 'runs'),
    deleteRun: deleteCql(client, 'runs', [...TABLES.runs.partitionKey, ...TABLES.runs.clusteringKey]),
    insertPointer: insertCql(client, 'pointer', 'IF NOT EXISTS'),
    updatePointer: `UPDATE ${client.table('pointer')} SET generation = ?, state = ? WHERE version = ? AND topic_id = ? IF generation = ? AND state = ?`,
    selectPointer: selectCql(client, 'pointer', ['generation', 'state']),
  };
  return {
    readPointer: (consistency) => readPointer(batch, consistency),

    async publish(expected, next) {
      checkSuccessor(expected, next);
      return movePointer(batch, expected, next);
    },

    restorePointer: (expected, restored) => movePointer(batch, expected, restored),

    registerRun: ({ run, generation }) =>
      client.write({ cql: batch.insertRun, values: [...scoped, BigInt(generation), run, timestampOf(generation)] }),

    async listRuns() {
      const rows = await client.read({ cql: selectCql(client, 'runs', ['generation', 'run']), values: scoped });
      return rows.map((row) => ({ run: row.run, generation: Number(row.generation) }));
    },

    writeRows: (entry, rows) => writeRows(batch, entry, rows),

    scan: (run, bucket, filter, after) =>
      readRows(client, BATCH_ROWS, [...scoped, run, bucket], bucket, filter, after, { buckets, fetchSize }),

    deleteRun: (entry) => deleteRun(batch, entry),
  };
}

async function readPointer(
  { client, scoped, selectPointer }: BatchTables,
  consistency: 'serial' | 'quorum',
): Promise<Pointer> {
  const [row] = await client.read({ cql: selectPointer, values: scoped }, { serial: consistency === 'serial' });
  return row === undefined ? NOTHING_PUBLISHED : readPointerText(Number(row.generation), row.state);
}

/** @throws {AdapterError} when no attempt got an answer, so that the outcome is unknown */
async function movePointer(batch: BatchTables, expected: Pointer, next: Pointer): Promise<boolean> {
  const { client, scoped, insertPointer, updatePointer } = batch;
  const columns = [BigInt(next.generation), pointerText(next)];
  const statement: Statement =
    expected.generation === 0
      ? { cql: insertPointer, values: [...scoped, ...columns] }
      : { cql: updatePointer, values: [...columns, ...scoped, BigInt(expected.generation), pointerText(expected)] };
  for (let attempt = 1; ; attempt++) {
    const decision = await client.executeConditional(statement);
    if (decision.kind === 'applied') return true;
    // If the write timed out, it may still have been applied. The row then names our run: as the
    // current one, or as the previous one if another publisher continued from it. If the pointer
    // did not move, repeat the same comparison. At most one of our attempts can win.
    const stored = await readPointer(batch, 'serial');
    if (stored.generation === next.generation) return isSame(stored.current, next.current);
    if (stored.generation === next.generation + 1 && isSame(stored.previous, next.current)) return true;
    if (stored.generation > next.generation || decision.kind === 'refused') return false;
    if (attempt === ATTEMPTS_MAX) throw decision.error;
  }
}

async function writeRows(
  { client, scoped, buckets, insertRow }: BatchTables,
  { run, generation }: RunEntry,
  rows: readonly BatchRow[],
): Promise<void> {
  const timestamp = timestampOf(generation);
  const groups = Map.groupBy(rows, (row) => bucketOf(row.key, buckets));
  const statements = groups.entries().map(([bucket, group]) =>
    group.map(
      (row): Statement => ({
        cql: insertRow,
        values: [...scoped, run, bucket, row.key, row.window, BigInt(row.startMs), bufferOf(row.cell), timestamp],
      }),
    ),
  );
  await writeGroups(client, statements);
}

async function deleteRun(batch: BatchTables, { run, generation }: RunEntry): Promise<void> {
  const { client, scoped } = batch;
  const timestamp = timestampOf(generation);
  const buckets = Array.from({ length: batch.buckets }, (_, bucket) => bucket);
  await eachOf(buckets, WRITES_IN_FLIGHT, (bucket) =>
    client.write({ cql: batch.deleteRows, values: [timestamp, ...scoped, run, bucket] }),
  );
  // Remove this entry last. A sweep that dies before it finds the run again.
  await client.write({ cql: batch.deleteRun, values: [timestamp, ...scoped, BigInt(generation), run] });
}

/**
 * All writes and deletions of a run have one timestamp, and at equal timestamps a deletion wins. So
 * later writes of a zombie stay hidden.
 */
function timestampOf(generation: number): bigint {
  return LOG_TIMESTAMP_BASE_US + BigInt(generation);
}

function isSame(left: PublishedRun | null, right: PublishedRun | null): boolean {
  return canonicalJson(left) === canonicalJson(right);
}

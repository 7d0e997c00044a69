import {
  bucketOf,
  type FragmentRow,
  LOG_TIMESTAMP_BASE_US,
  logTimestampUs,
  type Scope,
  type SegmentSize,
  type SpeedStore,
  segmentEnd,
  segmentStart,
  TABLES,
} from '@bifold/core/engine';
import { eachOf, mapOf } from '../concurrency.ts';
import { bufferOf, type CassandraClient, type ScopeValues, type Statement, scopeValues } from './client.ts';
import { quarantineTable } from './quarantine.ts';
import { ALL_ROWS, readPages, readRows, type SliceTable } from './row-slices.ts';
import { deleteCql, insertCql, selectCql } from './tables.ts';
import { WRITES_IN_FLIGHT, writeGroups } from './write-groups.ts';

export interface SpeedStoreOptions {
  readonly buckets: number;
  /** Offsets per segment. The timestamp of a tombstone is the last offset of the deleted range. */
  readonly segmentSize: SegmentSize;
  readonly fetchSize?: number;
}

const FRAGMENTS: SliceTable<FragmentRow> = {
  name: 'fragments',
  // The write timestamp of a cell is its log position (rule 2). So `lastOffset` is known without
  // decoding the cell, and without a second column that could differ from the cell.
  columns: ['key', 'window', 'start', 'cell', 'writetime(cell) AS written'],
  decode: (row) => ({
    key: row.key,
    window: row.window,
    startMs: Number(row.start),
    lastOffset: Number(row.written - LOG_TIMESTAMP_BASE_US),
    cell: row.cell,
  }),
};
const FETCH_SIZE_ROWS = 1000;
const BUCKETS_READ_AT_ONCE = 16;
const SEGMENT_FETCH_SIZE_ROWS = 5000;

/** The tables of one scope, with the statements that are prepared for them. */
interface SpeedTables {
  readonly client: CassandraClient;
  readonly scoped: ScopeValues;
  readonly buckets: number;
  readonly segmentSize: SegmentSize;
  readonly fetchSize: number;
  readonly insertFragment: string;
  readonly deleteFragments: string;
  readonly insertProgress: string;
  readonly insertPartition: string;
}

export function speedStore(client: CassandraClient, scope: Scope, options: SpeedStoreOptions): SpeedStore {
  const scoped = scopeValues(scope);
  const { buckets, segmentSize, fetchSize = FETCH_SIZE_ROWS } = options;
  const speed: SpeedTables = {
    client,
    scoped,
    buckets,
    segmentSize,
    fetchSize,
    insertFragment: insertCql(client, 'fragments'),
    deleteFragments: deleteCql(client, 'fragments', TABLES.fragments.partitionKey),
    insertProgress: insertCql(client, 'progress'),
    insertPartition: insertCql(client, 'partitions'),
  };
  const { writeQuarantine, listQuarantine } = quarantineTable(client, scoped);
  return {
    partitions: () => readPartitions(speed),
    registerPartition: (partition) =>
      client.write({ cql: speed.insertPartition, values: [...scoped, partition, LOG_TIMESTAMP_BASE_US] }),
    readProgress: (partition, from, to) => readProgress(speed, partition, from, to),
    writeProgress: (partition, segment, next) => writeProgressAt(speed, partition, segment, next, logTimestampUs(next)),
    closeSegment(partition, segment) {
      const timestamp = logTimestampUs(segmentEnd(segment, segmentSize) + 1);
      return writeProgressAt(speed, partition, segment, segmentStart(segment, segmentSize), timestamp);
    },
    readSegment: (partition, segment) => readSegment(speed, partition, segment),
    writeFragments: (partition, segment, rows) => writeFragments(speed, partition, segment, rows),
    scan(partition, segment, bucket, filter, after) {
      const key = fragmentsKey(speed, bucket, partition, segment);
      return readRows(client, FRAGMENTS, key, bucket, filter, after, { buckets, fetchSize });
    },
    writeQuarantine,
    listQuarantine,
    deleteFragmentsBelow: (partition, fromSegment, belowSegment) =>
      eachOf(tombstones(speed, partition, fromSegment, belowSegment), WRITES_IN_FLIGHT, (tombstone) =>
        client.write(tombstone),
      ),
  };
}

/** The key of the Cassandra partition that holds one bucket of a segment. */
function fragmentsKey(
  { scoped }: SpeedTables,
  bucket: number,
  partition: number,
  segment: number,
): Statement['values'] {
  return [...scoped, bucket, partition, BigInt(segment)];
}

async function readPartitions({ client, scoped }: SpeedTables): Promise<readonly number[]> {
  const rows = await client.read({ cql: selectCql(client, 'partitions', ['partition']), values: scoped });
  return rows.map((row) => row.partition as number);
}

async function readProgress(
  { client, scoped }: SpeedTables,
  partition: number,
  from: number,
  to: number | null,
): Promise<ReadonlyMap<number, number>> {
  const restrictions = to === null ? ['segment >= ?'] : ['segment >= ?', 'segment < ?'];
  const bounds = to === null ? [BigInt(from)] : [BigInt(from), BigInt(to)];
  const rows = await client.read({
    cql: selectCql(client, 'progress', ['segment', 'next'], restrictions),
    values: [...scoped, partition, ...bounds],
  });
  return new Map(rows.map((row) => [Number(row.segment), Number(row.next)]));
}

function writeProgressAt(
  { client, scoped, insertProgress }: SpeedTables,
  partition: number,
  segment: number,
  next: number,
  timestamp: bigint,
): Promise<void> {
  return client.write({
    cql: insertProgress,
    values: [...scoped, partition, BigInt(segment), BigInt(next), timestamp],
  });
}

async function readSegment(speed: SpeedTables, partition: number, segment: number): Promise<readonly FragmentRow[]> {
  const buckets = Array.from({ length: speed.buckets }, (_, bucket) => bucket);
  const rows = await mapOf(buckets, BUCKETS_READ_AT_ONCE, (bucket) => readBucket(speed, bucket, partition, segment));
  return rows.flat();
}

async function readBucket(
  speed: SpeedTables,
  bucket: number,
  partition: number,
  segment: number,
): Promise<FragmentRow[]> {
  const { client, buckets } = speed;
  const key = fragmentsKey(speed, bucket, partition, segment);
  const fetchSize = SEGMENT_FETCH_SIZE_ROWS;
  const pages = readPages(client, FRAGMENTS, key, bucket, ALL_ROWS, null, { buckets, fetchSize });
  const rows: FragmentRow[] = [];
  for await (const page of pages) for (const row of page) rows.push(row);
  return rows;
}

async function writeFragments(
  speed: SpeedTables,
  partition: number,
  segment: number,
  rows: readonly FragmentRow[],
): Promise<void> {
  const { client, buckets, insertFragment } = speed;
  const groups = Map.groupBy(rows, (row) => bucketOf(row.key, buckets));
  const statements = groups.entries().map(([bucket, group]) => {
    const key = fragmentsKey(speed, bucket, partition, segment);
    return group.map(
      (row): Statement => ({
        cql: insertFragment,
        values: [...key, row.key, row.window, BigInt(row.startMs), bufferOf(row.cell), logTimestampUs(row.lastOffset)],
      }),
    );
  });
  await writeGroups(client, statements);
}

/**
 * One for each bucket of the segments, at the last offset of its segment. It hides every fragment
 * of the segment, zombies' included, and nothing that is newer in the log.
 */
function* tombstones(
  speed: SpeedTables,
  partition: number,
  fromSegment: number,
  belowSegment: number,
): Generator<Statement> {
  const { buckets, segmentSize, deleteFragments } = speed;
  for (let segment = fromSegment; segment < belowSegment; segment++) {
    const timestamp = logTimestampUs(segmentEnd(segment, segmentSize) - 1);
    for (let bucket = 0; bucket < buckets; bucket++) {
      yield { cql: deleteFragments, values: [timestamp, ...fragmentsKey(speed, bucket, partition, segment)] };
    }
  }
}

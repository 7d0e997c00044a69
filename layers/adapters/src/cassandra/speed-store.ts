import {
  bucketOf,
  type FragmentRow,
  LOG_TIMESTAMP_BASE_US,
  logTimestampUs,
  type QuarantineEntry,
  type Scope,
  type SegmentSize,
  type SpeedStore,
  segmentEnd,
  segmentStart,
  TABLES,
} from '@bifold/core/engine';
import { eachOf, mapOf } from '../concurrency.ts';
import { bufferOf, type CassandraClient, type CassandraRow, type Statement, scopeValues } from './client.ts';
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
const SEGMENTS_READ_AT_ONCE = 32;
const SEGMENT_FETCH_SIZE_ROWS = 5000;

export function speedStore(client: CassandraClient, scope: Scope, options: SpeedStoreOptions): SpeedStore {
  const scoped = scopeValues(scope);
  const { buckets, segmentSize, fetchSize = FETCH_SIZE_ROWS } = options;
  const insert = {
    fragment: insertCql(client, 'fragments'),
    progress: insertCql(client, 'progress'),
    partition: insertCql(client, 'partitions'),
    quarantine: insertCql(client, 'quarantine'),
  };
  const deleteFragments = deleteCql(client, 'fragments', TABLES.fragments.partitionKey);
  const fragmentsKey = (bucket: number, partition: number, segment: number) => [
    ...scoped,
    bucket,
    partition,
    BigInt(segment),
  ];

  const readProgress = async (partition: number, from: number, to: number | null) => {
    const restrictions = to === null ? ['segment >= ?'] : ['segment >= ?', 'segment < ?'];
    const bounds = to === null ? [BigInt(from)] : [BigInt(from), BigInt(to)];
    const rows = await client.read({
      cql: selectCql(client, 'progress', ['segment', 'next'], restrictions),
      values: [...scoped, partition, ...bounds],
    });
    return new Map(rows.map((row) => [Number(row.segment), Number(row.next)]));
  };

  return {
    async partitions() {
      const rows = await client.read({ cql: selectCql(client, 'partitions', ['partition']), values: scoped });
      return rows.map((row) => row.partition as number);
    },

    registerPartition: (partition) =>
      client.write({ cql: insert.partition, values: [...scoped, partition, LOG_TIMESTAMP_BASE_US] }),

    readProgress,

    writeProgress: (partition, segment, next) =>
      client.write({
        cql: insert.progress,
        values: [...scoped, partition, BigInt(segment), BigInt(next), logTimestampUs(next)],
      }),

    closeSegment: (partition, segment) =>
      client.write({
        cql: insert.progress,
        values: [
          ...scoped,
          partition,
          BigInt(segment),
          BigInt(segmentStart(segment, segmentSize)),
          logTimestampUs(segmentEnd(segment, segmentSize) + 1),
        ],
      }),

    async readSegment(partition, segment) {
      const all = Array.from({ length: buckets }, (_, bucket) => bucket);
      const rows = await mapOf(all, BUCKETS_READ_AT_ONCE, async (bucket) => {
        const key = fragmentsKey(bucket, partition, segment);
        const fetchSize = SEGMENT_FETCH_SIZE_ROWS;
        const pages = readPages(client, FRAGMENTS, key, bucket, ALL_ROWS, null, { buckets, fetchSize });
        const found: FragmentRow[] = [];
        for await (const page of pages) for (const row of page) found.push(row);
        return found;
      });
      return rows.flat();
    },

    async writeFragments(partition, segment, rows) {
      const groups = Map.groupBy(rows, (row) => bucketOf(row.key, buckets));
      const statements = groups.entries().map(([bucket, group]) => {
        const key = fragmentsKey(bucket, partition, segment);
        return group.map(
          (row): Statement => ({
            cql: insert.fragment,
            values: [
              ...key,
              row.key,
              row.window,
              BigInt(row.startMs),
              bufferOf(row.cell),
              logTimestampUs(row.lastOffset),
            ],
          }),
        );
      });
      await writeGroups(client, statements);
    },

    scan: (partition, segment, bucket, filter, after) =>
      readRows(client, FRAGMENTS, fragmentsKey(bucket, partition, segment), bucket, filter, after, {
        buckets,
        fetchSize,
      }),

    async writeQuarantine(entries) {
      const groups = Map.groupBy(entries, ({ partition, segment }) => `${partition}/${segment}`);
      const statements = groups.values().map((group) =>
        group.map(
          (entry): Statement => ({
            cql: insert.quarantine,
            values: [
              ...scoped,
              entry.partition,
              BigInt(entry.segment),
              BigInt(entry.offset),
              entry.reason,
              entry.detail,
              BigInt(entry.timestampMs),
              entry.payload === null ? undefined : bufferOf(entry.payload),
              BigInt(entry.payloadSizeBytes),
              entry.payloadSha256,
              logTimestampUs(entry.offset),
            ],
          }),
        ),
      );
      await writeGroups(client, statements);
    },

    async listQuarantine(partition, fromSegment, limit) {
      // Segments are Cassandra partitions, which have no order. The speed layer writes at most one
      // segment beyond its last progress.
      const [last] = await client.read({
        cql: selectCql(client, 'progress', ['segment'], [], 'ORDER BY segment DESC LIMIT 1'),
        values: [...scoped, partition],
      });
      const end = last === undefined ? fromSegment + 1 : Number(last.segment) + 2;
      const entries: QuarantineEntry[] = [];
      for (let segment = fromSegment; segment < end && entries.length < limit; segment += SEGMENTS_READ_AT_ONCE) {
        const length = Math.min(SEGMENTS_READ_AT_ONCE, end - segment);
        const some = Array.from({ length }, (_, index) => segment + index);
        const found = await mapOf(some, SEGMENTS_READ_AT_ONCE, async (each) => {
          const cql = selectCql(client, 'quarantine', QUARANTINE_COLUMNS, [], 'LIMIT ?');
          const rows = await client.read({ cql, values: [...scoped, partition, BigInt(each), limit] });
          return rows.map((row) => decodeQuarantine(partition, each, row));
        });
        entries.push(...found.flat());
      }
      return entries.slice(0, limit);
    },

    async deleteFragmentsBelow(partition, fromSegment, belowSegment) {
      function* tombstones(): Generator<Statement> {
        for (let segment = fromSegment; segment < belowSegment; segment++) {
          // A tombstone at the last offset of the segment. It hides every fragment of the segment,
          // including later writes of zombies, and no fragment of later segments.
          const timestamp = logTimestampUs(segmentEnd(segment, segmentSize) - 1);
          for (let bucket = 0; bucket < buckets; bucket++) {
            yield { cql: deleteFragments, values: [timestamp, ...fragmentsKey(bucket, partition, segment)] };
          }
        }
      }
      await eachOf(tombstones(), WRITES_IN_FLIGHT, (statement) => client.write(statement));
    },
  };
}

const QUARANTINE_COLUMNS = ['offset', 'reason', 'detail', 'timestamp', 'payload', 'payload_size', 'payload_sha256'];

function decodeQuarantine(partition: number, segment: number, row: CassandraRow): QuarantineEntry {
  return {
    partition,
    segment,
    offset: Number(row.offset),
    reason: row.reason,
    detail: row.detail,
    timestampMs: Number(row.timestamp),
    payload: row.payload ?? null,
    payloadSizeBytes: Number(row.payload_size),
    payloadSha256: row.payload_sha256,
  };
}

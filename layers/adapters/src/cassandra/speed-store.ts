import {
  bucketOf,
  type FragmentRow,
  LOG_TIMESTAMP_BASE_US,
  logTimestampUs,
  type QuarantineEntry,
  type Scope,
  type SpeedStore,
  TABLES,
} from '@bifold/core';
import { eachOf, mapOf } from '../concurrency.ts';
import { bufferOf, type CassandraClient, type Statement, scopeValues } from './client.ts';
import { readSlices } from './row-slices.ts';
import { deleteCql, insertCql, selectCql } from './tables.ts';
import { WRITES_IN_FLIGHT, writeGroups } from './write-groups.ts';

export interface SpeedStoreOptions {
  readonly buckets: number;
  /** Offsets per segment: a tombstone stands at the last offset of what it deletes. */
  readonly segmentSize: number;
  readonly fetchSize?: number;
}

const BUCKETS_READ_AT_ONCE = 16;
const SEGMENT_FETCH_SIZE_ROWS = 5000;

export function speedStore(client: CassandraClient, scope: Scope, options: SpeedStoreOptions): SpeedStore {
  const scoped = scopeValues(scope);
  const { buckets, segmentSize } = options;
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

    async readSegment(partition, segment) {
      const filter = { keys: null, window: null, fromMs: null, toMs: null };
      const all = Array.from({ length: buckets }, (_, bucket) => bucket);
      const rows = await mapOf(all, BUCKETS_READ_AT_ONCE, async (bucket) => {
        const key = fragmentsKey(bucket, partition, segment);
        const fetchSize = SEGMENT_FETCH_SIZE_ROWS;
        const found: FragmentRow[] = [];
        for await (const page of readSlices(client, 'fragments', key, bucket, filter, null, { buckets, fetchSize })) {
          for (const row of page) found.push(withPosition(row));
        }
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
            values: [...key, row.key, row.window, BigInt(row.startMs), bufferOf(row.cell), logTimestampUs(row.hi)],
          }),
        );
      });
      await writeGroups(client, statements);
    },

    scan: (partition, segment, bucket, filter, after) =>
      scan(fragmentsKey(bucket, partition, segment), bucket, filter, after),

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

    async listQuarantine(partition, fromSegment, limit) {},

    async deleteFragmentsBelow(partition, fromSegment, belowSegment) {},
  };
}

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
} from '@bifold/core/engine';
import { bytesOf, joinKey, utf8 } from './cell-table.ts';
import { sliceOf } from './row-slice.ts';
import type { MemoryTables } from './tables.ts';

export interface SpeedOptions {
  readonly buckets: number;
  readonly segmentSize: SegmentSize;
}

/** The speed tables of one scope. */
interface SpeedTables extends SpeedOptions {
  readonly tables: Pick<MemoryTables, 'fragments' | 'progress' | 'partitions' | 'quarantine'>;
  readonly scope: Scope;
}

export function memorySpeedStore(tables: MemoryTables, scope: Scope, options: SpeedOptions): SpeedStore {
  const { buckets, segmentSize } = options;
  const speed: SpeedTables = { tables, scope, buckets, segmentSize };
  return {
    partitions: async () => tables.partitions.rows(keyOf(speed)).sort((left, right) => left - right),

    async registerPartition(partition) {
      tables.partitions.write(keyOf(speed), joinKey(partition), LOG_TIMESTAMP_BASE_US, utf8(''), partition);
    },

    readProgress: async (partition, from, to) =>
      new Map(
        tables.progress
          .rows(keyOf(speed, partition))
          .sort(([left], [right]) => left - right)
          .filter(([segment]) => segment >= from && (to === null || segment < to)),
      ),

    writeProgress: async (partition, segment, next) =>
      writeProgressAt(speed, partition, segment, next, logTimestampUs(next)),

    async closeSegment(partition, segment) {
      const timestamp = logTimestampUs(segmentEnd(segment, segmentSize) + 1);
      writeProgressAt(speed, partition, segment, segmentStart(segment, segmentSize), timestamp);
    },

    async readSegment(partition, segment) {
      const perBucket = Array.from({ length: buckets }, (_, bucket) =>
        tables.fragments.rows(keyOf(speed, bucket, partition, segment)),
      );
      return perBucket.flat();
    },

    writeFragments: async (partition, segment, rows) => writeFragments(speed, partition, segment, rows),

    scan: (partition, segment, bucket, filter, after) =>
      sliceOf(tables.fragments.rows(keyOf(speed, bucket, partition, segment)), filter, after),

    writeQuarantine: async (entries) => writeQuarantine(speed, entries),

    listQuarantine: async (partition, fromSegment, limit) =>
      tables.quarantine
        .rows(keyOf(speed, partition))
        .filter(({ segment }) => segment >= fromSegment)
        .sort((left, right) => left.offset - right.offset)
        .slice(0, limit),

    deleteFragmentsBelow: async (partition, fromSegment, belowSegment) =>
      deleteFragments(speed, partition, fromSegment, belowSegment),
  };
}

function keyOf({ scope }: SpeedTables, ...columns: readonly number[]): string {
  return joinKey(scope.version, scope.topicId, ...columns);
}

function writeProgressAt(
  speed: SpeedTables,
  partition: number,
  segment: number,
  next: number,
  timestamp: bigint,
): void {
  const { progress } = speed.tables;
  progress.write(keyOf(speed, partition), joinKey(segment), timestamp, bytesOf(next), [segment, next]);
}

function writeFragments(speed: SpeedTables, partition: number, segment: number, rows: readonly FragmentRow[]): void {
  const { tables, buckets } = speed;
  for (const row of rows) {
    // The caller may write into its bytes again.
    const stored = { ...row, cell: row.cell.slice() };
    tables.fragments.write(
      keyOf(speed, bucketOf(row.key, buckets), partition, segment),
      joinKey(row.key, row.window, row.startMs),
      logTimestampUs(row.lastOffset),
      stored.cell,
      stored,
    );
  }
}

function writeQuarantine(speed: SpeedTables, entries: readonly QuarantineEntry[]): void {
  for (const entry of entries) {
    speed.tables.quarantine.write(
      keyOf(speed, entry.partition),
      joinKey(entry.offset),
      logTimestampUs(entry.offset),
      utf8(`${entry.reason}\n${entry.detail}`),
      entry,
    );
  }
}

/** Each tombstone stands at the last offset of its segment: it hides nothing that is newer. */
function deleteFragments(speed: SpeedTables, partition: number, fromSegment: number, belowSegment: number): void {
  const { tables, buckets, segmentSize } = speed;
  for (let segment = fromSegment; segment < belowSegment; segment++) {
    const timestamp = logTimestampUs(segmentEnd(segment, segmentSize) - 1);
    for (let bucket = 0; bucket < buckets; bucket++) {
      tables.fragments.delete(keyOf(speed, bucket, partition, segment), timestamp);
    }
  }
}

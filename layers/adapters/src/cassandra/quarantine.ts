import { logTimestampUs, type QuarantineEntry, type SpeedStore } from '@bifold/core/engine';
import { mapOf } from '../concurrency.ts';
import { bufferOf, type CassandraClient, type CassandraRow, type ScopeValues, type Statement } from './client.ts';
import { insertCql, selectCql } from './tables.ts';
import { writeGroups } from './write-groups.ts';

const COLUMNS = ['offset', 'reason', 'detail', 'timestamp', 'payload', 'payload_size', 'payload_sha256'];
const SEGMENTS_READ_AT_ONCE = 32;

/** The quarantine of one scope. A segment of a partition is a Cassandra partition. */
export function quarantineTable(
  client: CassandraClient,
  scoped: ScopeValues,
): Pick<SpeedStore, 'writeQuarantine' | 'listQuarantine'> {
  const insert = insertCql(client, 'quarantine');
  const select = selectCql(client, 'quarantine', COLUMNS, [], 'LIMIT ?');
  const selectLastSegment = selectCql(client, 'progress', ['segment'], [], 'ORDER BY segment DESC LIMIT 1');

  const readSegment = async (partition: number, segment: number, limit: number) => {
    const rows = await client.read({ cql: select, values: [...scoped, partition, BigInt(segment), limit] });
    return rows.map((row) => decode(partition, segment, row));
  };

  return {
    async writeQuarantine(entries) {
      const groups = Map.groupBy(entries, ({ partition, segment }) => `${partition}/${segment}`);
      const statements = groups
        .values()
        .map((group) => group.map((entry): Statement => ({ cql: insert, values: encode(scoped, entry) })));
      await writeGroups(client, statements);
    },

    async listQuarantine(partition, fromSegment, limit) {
      // Segments are Cassandra partitions, which have no order. The speed layer writes at most one
      // segment beyond its last progress.
      const [last] = await client.read({ cql: selectLastSegment, values: [...scoped, partition] });
      const end = last === undefined ? fromSegment + 1 : Number(last.segment) + 2;
      const entries: QuarantineEntry[] = [];
      for (let segment = fromSegment; segment < end && entries.length < limit; segment += SEGMENTS_READ_AT_ONCE) {
        const length = Math.min(SEGMENTS_READ_AT_ONCE, end - segment);
        const segments = Array.from({ length }, (_, index) => segment + index);
        const read = await mapOf(segments, SEGMENTS_READ_AT_ONCE, (each) => readSegment(partition, each, limit));
        entries.push(...read.flat());
      }
      return entries.slice(0, limit);
    },
  };
}

/** The values of a row in the order of the table's columns, and its timestamp. */
function encode(scoped: ScopeValues, entry: QuarantineEntry): Statement['values'] {
  return [
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
  ];
}

function decode(partition: number, segment: number, row: CassandraRow): QuarantineEntry {
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

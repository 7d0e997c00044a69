import { bucketOf, canonicalJson, type LookupStore, type Value } from '@bifold/core';
import { mapOf } from '../concurrency.ts';
import type { CassandraClient, Statement } from './client.ts';
import { insertCql, selectCql } from './tables.ts';
import { writeGroups } from './write-groups.ts';

/** Fixed: lookup tables are shared by pipelines, whose own buckets may differ. */
const LOOKUP_BUCKETS = 16;
const KEYS_PER_READ = 100;
const READS_AT_ONCE = 16;

type LookupRow = Readonly<Record<string, Value>>;

export function lookupStore(client: CassandraClient): LookupStore {
  const insertRow = insertCql(client, 'lookupRows');
  const insertVersion = insertCql(client, 'lookupVersions');
  const selectKeys = selectCql(client, 'lookupRows', ['key', 'row'], ['key IN ?']);

  return {
    async currentVersion(table) {
      const [row] = await client.read({ cql: selectCql(client, 'lookupVersions', ['current']), values: [table] });
      return row === undefined ? null : row.current;
    },

    async rows(table, version, keys) {
      const groups = Map.groupBy(new Set(keys), (key) => bucketOf(key, LOOKUP_BUCKETS));
      const reads = [...groups].flatMap(([bucket, group]) =>
        Array.from({ length: Math.ceil(group.length / KEYS_PER_READ) }, (_, index) => ({
          bucket,
          some: group.slice(index * KEYS_PER_READ, (index + 1) * KEYS_PER_READ),
        })),
      );
      const found = await mapOf(reads, READS_AT_ONCE, ({ bucket, some }) =>
        client.read({ cql: selectKeys, values: [table, version, bucket, some] }),
      );
      return new Map(found.flat().map((row) => [row.key as string, JSON.parse(row.row) as LookupRow]));
    },

    async *allRows(table, version) {
      for (let bucket = 0; bucket < LOOKUP_BUCKETS; bucket++) {
        const cql = selectCql(client, 'lookupRows', ['key', 'row']);
        for await (const page of client.pages({ cql, values: [table, version, bucket] })) {
          for (const row of page) yield [row.key as string, JSON.parse(row.row) as LookupRow] as const;
        }
      }
    },

    async load(table, version, rows) {
      const groups = Map.groupBy(rows, ([key]) => bucketOf(key, LOOKUP_BUCKETS));
      const statements = groups
        .entries()
        .map(([bucket, group]) =>
          group.map(
            ([key, row]): Statement => ({ cql: insertRow, values: [table, version, bucket, key, canonicalJson(row)] }),
          ),
        );
      await writeGroups(client, statements);
      await client.write({ cql: insertVersion, values: [table, version] });
    },
  };
}

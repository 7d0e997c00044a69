import { bucketOf, canonicalJson, type LookupStore, type Value } from '@bifold/core/engine';
import { mapOf } from '../concurrency.ts';
import { lookupNotWhole } from '../lookup-versions.ts';
import type { CassandraClient, Statement } from './client.ts';
import { insertCql, selectCql } from './tables.ts';
import { writeGroups } from './write-groups.ts';

/** A fixed number, because pipelines with different numbers of buckets share lookup tables. */
const LOOKUP_BUCKETS = 16;
/** After the buckets of rows: the mark of a version that is whole. No row has an empty key. */
const MARK = { bucket: LOOKUP_BUCKETS, key: '' } as const;
const KEYS_PER_READ = 100;
const READS_AT_ONCE = 16;

type LookupRow = Readonly<Record<string, Value>>;

export function lookupStore(client: CassandraClient): LookupStore {
  const insertRow = insertCql(client, 'lookupRows');
  const insertVersion = insertCql(client, 'lookupVersions');
  const selectKeys = selectCql(client, 'lookupRows', ['key', 'row'], ['key IN ?']);

  const isWhole = async (table: string, version: string): Promise<boolean> =>
    (await client.read({ cql: selectKeys, values: [table, version, MARK.bucket, [MARK.key]] })).length > 0;
  const checkWhole = async (table: string, version: string): Promise<void> => {
    if (!(await isWhole(table, version))) throw lookupNotWhole(table, version);
  };
  const write = async (table: string, version: string, rows: ReadonlyMap<string, LookupRow>): Promise<void> => {
    const groups = Map.groupBy(rows, ([key]) => bucketOf(key, LOOKUP_BUCKETS));
    const statements = groups
      .entries()
      .map(([bucket, group]) =>
        group.map(
          ([key, row]): Statement => ({ cql: insertRow, values: [table, version, bucket, key, canonicalJson(row)] }),
        ),
      );
    await writeGroups(client, statements);
    await client.write({ cql: insertRow, values: [table, version, MARK.bucket, MARK.key, String(rows.size)] });
  };

  return {
    async currentVersion(table) {
      const [row] = await client.read({ cql: selectCql(client, 'lookupVersions', ['current']), values: [table] });
      return row === undefined ? null : row.current;
    },

    async rows(table, version, keys) {
      await checkWhole(table, version);
      const groups = Map.groupBy(new Set(keys), (key) => bucketOf(key, LOOKUP_BUCKETS));
      const reads = [...groups].flatMap(([bucket, group]) =>
        Array.from({ length: Math.ceil(group.length / KEYS_PER_READ) }, (_, index) => ({
          bucket,
          keysOfRead: group.slice(index * KEYS_PER_READ, (index + 1) * KEYS_PER_READ),
        })),
      );
      const rows = await mapOf(reads, READS_AT_ONCE, ({ bucket, keysOfRead }) =>
        client.read({ cql: selectKeys, values: [table, version, bucket, keysOfRead] }),
      );
      // The database may have been emptied in the meantime.
      await checkWhole(table, version);
      return new Map(rows.flat().map((row) => [row.key as string, JSON.parse(row.row) as LookupRow]));
    },

    async *allRows(table, version) {
      await checkWhole(table, version);
      for (let bucket = 0; bucket < LOOKUP_BUCKETS; bucket++) {
        const cql = selectCql(client, 'lookupRows', ['key', 'row']);
        for await (const page of client.pages({ cql, values: [table, version, bucket] })) {
          for (const row of page) yield [row.key as string, JSON.parse(row.row) as LookupRow] as const;
        }
      }
      await checkWhole(table, version);
    },

    isWhole,
    write,

    async load(table, version, rows) {
      await write(table, version, rows);
      await client.write({ cql: insertVersion, values: [table, version] });
    },
  };
}

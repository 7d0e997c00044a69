import { type AppearanceStore, logTimestampUs, type Scope } from '@bifold/core';
import { mapOf } from '../concurrency.ts';
import { type CassandraClient, type Statement, scopeValues } from './client.ts';
import { insertCql, selectCql } from './tables.ts';
import { writeGroups } from './write-groups.ts';

const READS_AT_ONCE = 64;

export function appearanceStore(client: CassandraClient, scope: Scope): AppearanceStore {
  const scoped = scopeValues(scope);
  const insert = insertCql(client, 'appearances');
  const select = selectCql(client, 'appearances', ['time', 'offset'], ['time >= ?', 'time <= ?']);
  return {
    async read(partition, wanted) {
      const found = await mapOf(wanted, READS_AT_ONCE, async ({ id, fromMs, toMs }) => {
        const rows = await client.read({
          cql: select,
          values: [...scoped, partition, id, BigInt(fromMs), BigInt(toMs)],
        });
        return rows.map((row) => ({ id, timeMs: Number(row.time), offset: Number(row.offset) }));
      });
      return found.flat();
    },

    async write(partition, appearances) {
      const groups = Map.groupBy(appearances, ({ id }) => id);
      const statements = groups.values().map((group) =>
        group.map(
          ({ id, timeMs, offset }): Statement => ({
            cql: insert,
            values: [...scoped, partition, id, BigInt(timeMs), BigInt(offset), logTimestampUs(offset)],
          }),
        ),
      );
      await writeGroups(client, statements);
    },
  };
}

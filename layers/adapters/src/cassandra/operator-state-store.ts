import { logTimestampUs, type OperatorStateStore, type Scope, type Value } from '@bifold/core/engine';
import { mapOf } from '../concurrency.ts';
import { type CassandraClient, type Statement, scopeValues } from './client.ts';
import { insertCql, selectCql } from './tables.ts';
import { writeGroups } from './write-groups.ts';

const READS_AT_ONCE = 64;
/**
 * The event column of an entry without values: a null would be a tombstone. Values are texts,
 * finite numbers, booleans and nulls, never -0, so JSON keeps them as they are.
 */
const NO_EVENT = '';

export function operatorStateStore(client: CassandraClient, scope: Scope): OperatorStateStore {
  const scoped = scopeValues(scope);
  const insert = insertCql(client, 'operatorState');
  const select = selectCql(client, 'operatorState', ['time', 'offset', 'event'], ['time >= ?', 'time <= ?']);
  return {
    async read(partition, ranges) {
      const entries = await mapOf(ranges, READS_AT_ONCE, async ({ id, fromMs, toMs }) => {
        const rows = await client.read({
          cql: select,
          values: [...scoped, partition, id, BigInt(fromMs), BigInt(toMs)],
        });
        return rows.map(({ time, offset, event }) => ({
          id,
          timeMs: Number(time),
          offset: Number(offset),
          ...(event === null || event === NO_EVENT ? {} : { values: JSON.parse(String(event)) as readonly Value[] }),
        }));
      });
      return entries.flat();
    },

    async write(partition, entries) {
      const groups = Map.groupBy(entries, ({ id }) => id);
      const statements = groups.values().map((group) =>
        group.map(
          ({ id, timeMs, offset, values }): Statement => ({
            cql: insert,
            values: [
              ...scoped,
              partition,
              id,
              BigInt(timeMs),
              BigInt(offset),
              values === undefined ? NO_EVENT : JSON.stringify(values),
              logTimestampUs(offset),
            ],
          }),
        ),
      );
      await writeGroups(client, statements);
    },
  };
}

import type { BindingStore, Scope } from '@bifold/core';
import { type CassandraClient, scopeValues } from './client.ts';
import { insertCql, selectCql } from './tables.ts';

const ATTEMPTS_MAX = 3;

/** Bindings are written with IF alone, and read at LOCAL_SERIAL, which completes whatever a writer left half done. */
export function bindingStore(client: CassandraClient, scope: Scope): BindingStore {
  const scoped = scopeValues(scope);
  const insert = insertCql(client, 'bindings', 'IF NOT EXISTS');
  const selectOne = selectCql(client, 'bindings', ['bound'], ['segment = ?', 'name = ?']);

  return {
    async bind(partition, segment, lookup, version) {
      for (let attempt = 1; ; attempt++) {
        const decision = await client.decide({
          cql: insert,
          values: [...scoped, partition, BigInt(segment), lookup, version],
        });
        if (decision.kind === 'applied') return version;
        if (decision.kind === 'refused') return decision.row.bound;
        const values = [...scoped, partition, BigInt(segment), lookup];
        const [stored] = await client.read({ cql: selectOne, values }, { serial: true });
        if (stored !== undefined) return stored.bound;
        if (attempt === ATTEMPTS_MAX) throw decision.error;
      }
    },

    async list(partition, from, to) {
      const restrictions = to === null ? ['segment >= ?'] : ['segment >= ?', 'segment < ?'];
      const bounds = to === null ? [BigInt(from)] : [BigInt(from), BigInt(to)];
      const rows = await client.read(
        {
          cql: selectCql(client, 'bindings', ['segment', 'name', 'bound'], restrictions),
          values: [...scoped, partition, ...bounds],
        },
        { serial: true },
      );
      const bindings = new Map<number, Map<string, string>>();
      for (const row of rows) {
        const segment = Number(row.segment);
        const names = bindings.get(segment) ?? new Map<string, string>();
        bindings.set(segment, names.set(row.name, row.bound));
      }
      return bindings;
    },
  };
}

import { canonicalJson, type ModelPointer, NOTHING_PROMOTED, readPointerState } from '@bifold/core';
import type { ModelPointers } from '../model/registry.ts';
import type { CassandraClient } from './client.ts';
import { insertCql, selectCql } from './tables.ts';

const ATTEMPTS_MAX = 3;

/** Pointers are written with IF alone, and read at LOCAL_SERIAL, which completes whatever a writer left half done. */
export function modelPointers(client: CassandraClient): ModelPointers {
  const insert = insertCql(client, 'modelPointers', 'IF NOT EXISTS');
  const update = `UPDATE ${client.table('modelPointers')} SET generation = ?, state = ? WHERE name = ? IF generation = ?`;
  const select = selectCql(client, 'modelPointers', ['generation', 'state']);

  const read = async (name: string): Promise<ModelPointer> => {
    const [row] = await client.read({ cql: select, values: [name] }, { serial: true });
    return row === undefined ? NOTHING_PROMOTED : readPointerState(name, Number(row.generation), row.state);
  };

  return {
    read,

    async move(name, expected, next) {
      const { generation, ...versions } = next;
      const state = canonicalJson(versions);
      const statement =
        expected.generation === 0
          ? { cql: insert, values: [name, BigInt(generation), state] }
          : { cql: update, values: [BigInt(generation), state, name, BigInt(expected.generation)] };
      for (let attempt = 1; ; attempt++) {
        const decision = await client.decide(statement);
        if (decision.kind === 'applied') return true;
        // Without an answer ours may stand all the same. If nothing moved, the same comparison may be tried again: at most one of our attempts can win.
        const stored = attempt > 1 || decision.kind === 'unknown' ? await read(name) : null;
        if (stored?.generation === generation) return canonicalJson(stored) === canonicalJson(next);
        if (decision.kind === 'refused') return false;
        if (attempt === ATTEMPTS_MAX) throw decision.error;
      }
    },
  };
}

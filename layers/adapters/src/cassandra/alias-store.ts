import {
  type AliasStore,
  canonicalJson,
  type PlanStore,
  readAliasState,
  readPlan,
  type ViewName,
} from '@bifold/core/engine';
import cassandra from 'cassandra-driver';
import type { CassandraClient } from './client.ts';
import { generationRow } from './generation-row.ts';
import { insertCql, selectCql } from './tables.ts';

/**
 * Reads use LOCAL_QUORUM, which sees every acknowledged move. The next conditional write completes
 * a move that was not acknowledged.
 */
export function aliasStore(client: CassandraClient, { pipeline, topicId }: ViewName): AliasStore {
  const key = [pipeline, cassandra.types.Uuid.fromString(topicId)];
  const row = generationRow(client, 'aliases', key);
  return {
    async read() {
      const stored = await row.read('quorum');
      return stored === null ? null : readAliasState(stored.generation, stored.state);
    },

    move(expected, { generation, ...state }) {
      return row.move(expected?.generation ?? 0, { generation, state: canonicalJson(state) });
    },
  };
}

export function planStore(client: CassandraClient): PlanStore {
  const insert = insertCql(client, 'plans');
  const select = selectCql(client, 'plans', ['plan']);
  return {
    async read(version) {
      const [row] = await client.read({ cql: select, values: [version] });
      return row === undefined ? null : readPlan(version, row.plan);
    },

    write: (plan) => client.write({ cql: insert, values: [plan.version, canonicalJson(plan)] }),
  };
}

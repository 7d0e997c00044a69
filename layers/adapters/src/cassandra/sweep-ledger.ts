import { logTimestampUs, type Scope, type SweepLedger } from '@bifold/core/engine';
import { type CassandraClient, scopeValues } from './client.ts';
import { insertCql, selectCql } from './tables.ts';

/** The progress of the sweeper, per partition. It only grows. */
export function sweepLedger(client: CassandraClient, scope: Scope): SweepLedger {
  const scoped = scopeValues(scope);
  const insert = insertCql(client, 'sweeps');
  const select = selectCql(client, 'sweeps', ['below'], ['partition = ?']);
  return {
    async sweptBelow(partition) {
      const [row] = await client.read({ cql: select, values: [...scoped, partition] });
      return row === undefined ? 0 : Number(row.below);
    },
    markSwept: (partition, below) =>
      client.write({ cql: insert, values: [...scoped, partition, BigInt(below), logTimestampUs(below)] }),
  };
}

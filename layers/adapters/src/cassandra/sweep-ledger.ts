import { logTimestampUs, type Scope, type SweepLedger, TABLES } from '@bifold/core';
import type { CassandraClient } from './client.ts';

/** How far the sweeper got, per partition. */
export function sweepLedger(client: CassandraClient, { version, incarnation }: Scope): SweepLedger {
  const table = `${client.keyspace}.${TABLES.sweeps.name}`;
  return {
    async sweptBelow(partition) {
      const [row] = await client.read({
        cql: `SELECT below FROM ${table} WHERE version = ? AND incarnation = ? AND partition = ?`,
        values: [version, incarnation, partition],
      });
      return row ? Number(row.below) : 0;
    },
    async markSwept(partition, below) {
      await client.write({
        cql: `INSERT INTO ${table} (version, incarnation, partition, below) VALUES (?, ?, ?, ?) USING TIMESTAMP ?`,
        values: [version, incarnation, partition, BigInt(below), logTimestampUs(below)],
      });
    },
  };
}

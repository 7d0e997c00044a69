import { createTableCql, TABLES, type TableDescription, type TableName } from '@bifold/core/engine';
import type { CassandraClient } from './client.ts';

/**
 * Creates the keyspace and all tables that do not exist. One at a time: Cassandra agrees on one
 * schema change after another.
 */
export async function createTables(client: CassandraClient, replicationFactor: number): Promise<void> {
  // NetworkTopologyStrategy with a plain factor replicates to every data center. LOCAL_QUORUM
  // counts replicas per data center.
  await client.executeDdl(
    `CREATE KEYSPACE IF NOT EXISTS ${client.keyspace} WITH replication = {'class': 'NetworkTopologyStrategy', 'replication_factor': ${replicationFactor}}`,
  );
  for (const table of Object.values(TABLES)) await client.executeDdl(createTableCql(client.keyspace, table));
  await addMissingColumns(client);
}

/**
 * Adds the columns that tables of an earlier version lack. Key columns never change: a table with
 * new keys gets a new name.
 */
async function addMissingColumns(client: CassandraClient): Promise<void> {
  const existing = new Set<string>();
  const cql = 'SELECT table_name, column_name FROM system_schema.columns WHERE keyspace_name = ?';
  for (const row of await client.read({ cql, values: [client.keyspace.toLowerCase()] }))
    existing.add(`${row.table_name} ${row.column_name}`);
  for (const { name, columns } of Object.values<TableDescription>(TABLES))
    for (const [column, type] of Object.entries(columns))
      if (!existing.has(`${name} ${column}`))
        await client.executeDdl(`ALTER TABLE ${client.keyspace}.${name} ADD IF NOT EXISTS ${column} ${type}`);
}

/**
 * `INSERT` of all columns, in the order of the description. The timestamp is the last value, for
 * tables that are written at timestamps of their own.
 */
export function insertCql(client: CassandraClient, name: TableName, condition: '' | 'IF NOT EXISTS' = ''): string {
  const table: TableDescription = TABLES[name];
  const columns = Object.keys(table.columns);
  const hasTimestamp = table.writes === 'logPosition' || table.writes === 'generation';
  return [
    `INSERT INTO ${client.table(name)} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    condition,
    hasTimestamp ? 'USING TIMESTAMP ?' : '',
  ]
    .filter(Boolean)
    .join(' ');
}

/** `DELETE` by equality of the given key columns. The last value is the timestamp. */
export function deleteCql(client: CassandraClient, name: TableName, keys: readonly string[]): string {
  return `DELETE FROM ${client.table(name)} USING TIMESTAMP ? WHERE ${equal(keys)}`;
}

export function selectCql(
  client: CassandraClient,
  name: TableName,
  columns: readonly string[],
  restrictions: readonly string[] = [],
  tail = '',
): string {
  const where = [equal(TABLES[name].partitionKey), ...restrictions].join(' AND ');
  return `SELECT ${columns.join(', ')} FROM ${client.table(name)} WHERE ${where}${tail && ` ${tail}`}`;
}

function equal(columns: readonly string[]): string {
  return columns.map((column) => `${column} = ?`).join(' AND ');
}

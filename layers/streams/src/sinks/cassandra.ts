import type { CassandraClient } from '@bifold/adapters/cassandra';
import { mapOf } from '@bifold/adapters/concurrency';
import { type Column, refuseUnknownOptions, type Value } from '@bifold/core/engine';
import { StreamError } from '../errors.ts';
import type { Batch, Ports } from '../ports.ts';
import { wireValue } from '../rows.ts';
import { type Problem, utf8Problem } from './row-check.ts';
import { type OpenSink, type RefusedRow, type Sink, type SinkDescriptor, type SinkNode, sinkOf } from './sink.ts';

const WRITES_AT_ONCE = 64;

interface CassandraNode extends SinkNode {
  readonly kind: 'cassandra';
  /** `table`, or `keyspace.table`. */
  readonly table: string;
}

interface CassandraOptions {
  /** A table that exists: `table`, or `keyspace.table`. */
  readonly table: string;
}

/**
 * Upserts each row into a table by its primary key. The table has to exist. Columns are written to
 * the columns of the same names.
 *
 * @param options - the table
 * @throws {DefinitionError} BIFOLD_UNKNOWN_OPTION if an option does not exist
 * @example
 * defineStream({
 *   name: 'rides-by-id',
 *   from: kafka({ topic: rides }),
 *   sinks: [cassandra({ table: 'city.rides' })],
 * });
 */
export function cassandra(options: CassandraOptions): Sink<unknown> {
  refuseUnknownOptions('cassandra', options, ['table']);
  return sinkOf({ kind: 'cassandra', table: options.table });
}

export const cassandraDescriptor: SinkDescriptor<CassandraNode> = {
  kind: 'cassandra',
  check: () => undefined,
  fingerprint: (node) => node,
  open: (node, { output, ports }) => cassandraSink(node, output, ports),
};

/** The table, as Cassandra describes it: for each column of a row, its name in JSON. */
interface Target {
  readonly cql: string;
  readonly names: readonly string[];
  /** Positions of the columns of the primary key. */
  readonly key: readonly number[];
}

/**
 * Upserts by primary key, so a repeated batch writes the same rows again. If two rows of a batch
 * have one key, the later one counts.
 */
function cassandraSink(node: CassandraNode, columns: readonly Column[], ports: Ports): OpenSink {
  let known: Target | null = null;
  return {
    async write(batch, setAside) {
      const client = await ports.cassandra();
      known ??= await describe(client, node, columns);
      const target = known;
      const keys = rowsByKey(batch, target.key);
      const found = await mapOf(keys, WRITES_AT_ONCE, (indexes) => writeLast(client, target, batch, indexes));
      const refused = found.flat();
      // A table that has changed refuses rows too, and they are not at fault.
      if (refused.length > 0) known = await describe(client, node, columns);
      await setAside(refused.sort((left, right) => left.index - right.index));
    },
    close: async () => undefined,
  };
}

/** Writes the last row of a key that Cassandra takes. Returns those that it refuses. */
async function writeLast(
  client: CassandraClient,
  target: Target,
  { columns, rows }: Batch,
  indexes: readonly number[],
): Promise<readonly RefusedRow[]> {
  const refused: RefusedRow[] = [];
  for (const index of indexes.toReversed()) {
    const row = rows[index] as readonly Value[];
    const problem = rowProblem(target, columns, row) ?? (await writeProblem(client, target, columns, row));
    if (problem === null) break;
    refused.push({ index, ...problem });
  }
  return refused;
}

function rowProblem({ key }: Target, columns: readonly Column[], row: readonly Value[]): Problem | null {
  const empty = key.find((index) => (row[index] ?? null) === null);
  return empty === undefined
    ? utf8Problem(columns, row)
    : { reason: 'bad-key', detail: `null in "${columns[empty]?.name}", a column of the primary key` };
}

/** @throws {AdapterError} if Cassandra is away, or refuses more than the values of the row */
async function writeProblem(
  client: CassandraClient,
  { cql, names }: Target,
  columns: readonly Column[],
  row: readonly Value[],
): Promise<Problem | null> {
  try {
    await client.write({ cql, values: [jsonOf(columns, names, row)] });
    return null;
  } catch (error) {
    const reason = client.invalidValuesReason(error);
    if (reason === null) throw error;
    return { reason: 'bad-value', detail: `Cassandra does not take the values of the row: ${reason}` };
  }
}

/**
 * A row as JSON. Cassandra converts its texts and numbers to the column types: dates, uuids,
 * decimals, collections.
 */
function jsonOf(columns: readonly Column[], names: readonly string[], row: readonly Value[]): string {
  const entries = columns.map((column, index) => {
    const value = row[index] ?? null;
    // JSON text fits both text columns and collections.
    return [names[index] as string, column.type === 'json' ? value : wireValue(column, value)];
  });
  return JSON.stringify(Object.fromEntries(entries));
}

/** The places of the rows of each key. Their order is kept. */
function rowsByKey({ rows }: Batch, key: readonly number[]): readonly (readonly number[])[] {
  const places = Map.groupBy(rows.keys(), (index) => JSON.stringify(key.map((column) => rows[index]?.[column])));
  return [...places.values()];
}

async function describe(
  client: CassandraClient,
  { table }: CassandraNode,
  columns: readonly Column[],
): Promise<Target> {
  const [first = '', second] = table.split('.');
  const [keyspace, name] = second === undefined ? [client.keyspace, first] : [first, second];
  const found = await client.read({
    cql: 'SELECT column_name, kind FROM system_schema.columns WHERE keyspace_name = ? AND table_name = ?',
    values: [keyspace, name],
  });
  const kinds = new Map(found.map((row) => [String(row.column_name), String(row.kind)]));
  const names = columns.map((column) => nameIn(kinds, column.name));
  const keys = [...kinds].filter(([, kind]) => kind !== 'regular' && kind !== 'static').map(([column]) => column);
  const missing = columns.filter((_, index) => names[index] === null).map((column) => column.name);
  const key = keys.map((column) => names.indexOf(column));
  if (kinds.size === 0 || missing.length > 0 || key.includes(-1))
    throw noSuchTable(keyspace, name, columns, kinds, missing);
  return {
    cql: `INSERT INTO ${keyspace}.${name} JSON ?`,
    // Names with capital letters are quoted, in JSON too.
    names: names.map((each) => (/^[a-z][a-z0-9_]*$/.test(each as string) ? (each as string) : `"${each}"`)),
    key,
  };
}

/** The column name, as in CQL: an unquoted name is lower-case. */
function nameIn(kinds: ReadonlyMap<string, string>, name: string): string | null {
  return kinds.has(name) ? name : kinds.has(name.toLowerCase()) ? name.toLowerCase() : null;
}

const CQL_TYPES = {
  integer: 'bigint',
  double: 'double',
  text: 'text',
  boolean: 'boolean',
  timestamp: 'timestamp',
  decimal: 'text',
  json: 'text',
} as const;

function noSuchTable(
  keyspace: string,
  name: string,
  columns: readonly Column[],
  kinds: ReadonlyMap<string, string>,
  missing: readonly string[],
): StreamError {
  const definitions = columns.map((column) => `${column.name} ${CQL_TYPES[column.type]}`);
  return new StreamError('BIFOLD_NO_TABLE', {
    failed: `rows cannot be written to ${keyspace}.${name}`,
    received:
      kinds.size === 0
        ? 'no such table'
        : missing.length > 0
          ? `no column ${missing.join(', ')} in it`
          : `a primary key that the rows lack a column of: ${[...kinds]
              .filter(([, kind]) => kind !== 'regular')
              .map(([column]) => column)
              .join(', ')}`,
    allowed: `a table with the columns ${columns.map((column) => column.name).join(', ')}, its primary key among them`,
    remedy: `create it, as in CREATE TABLE ${keyspace}.${name} (${definitions.join(', ')}, PRIMARY KEY (${columns[0]?.name}))`,
  });
}

import cassandra from 'cassandra-driver';
import type { Credentials } from '../credentials.ts';
import { AdapterError } from '../errors.ts';
import type { CassandraOptions } from './client.ts';

/**
 * The result of a statement: rows under their columns. A statement that only changes data has none.
 */
export interface ShellAnswer {
  readonly columns: readonly string[];
  /**
   * Values as JSON: numbers beyond 2^53 and decimals are texts, times are ISO 8601, blobs are
   * `0x...`.
   */
  readonly rows: readonly (readonly unknown[])[];
  /** Whether there are more rows than `rowsMax`. */
  readonly hasMore: boolean;
}

/** Executes any statement as it is written: for a person at a terminal, not for the stores. */
export interface CassandraShell {
  ask(cql: string, rowsMax: number): Promise<ShellAnswer>;
  close(): Promise<void>;
}

const DEFINITION_TIMEOUT_MS = 30_000;

/** @param options.keyspace the keyspace of unqualified table names */
export async function cassandraShell(
  options: Pick<CassandraOptions, 'contactPoints' | 'localDataCenter'> & {
    readonly keyspace?: string;
    readonly credentials?: Credentials;
  },
): Promise<CassandraShell> {
  const contactPoints = options.contactPoints.join(', ');
  const driver = new cassandra.Client({
    contactPoints: [...options.contactPoints],
    localDataCenter: options.localDataCenter ?? 'datacenter1',
    ...(options.keyspace === undefined ? {} : { keyspace: options.keyspace }),
    ...(options.credentials ? { credentials: { ...options.credentials } } : {}),
    encoding: { useBigIntAsLong: true, useBigIntAsVarint: true },
    socketOptions: { connectTimeout: 15_000, readTimeout: DEFINITION_TIMEOUT_MS },
    queryOptions: { prepare: false, isIdempotent: false },
  });
  const explained = async <T>(operation: string, run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (cause) {
      const isAway = cause instanceof cassandra.errors.NoHostAvailableError;
      const [message = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
      throw new AdapterError(
        isAway ? 'BIFOLD_CASSANDRA_AWAY' : 'BIFOLD_CASSANDRA_REFUSED',
        {
          failed: `${operation} at ${contactPoints} failed`,
          received: message,
          allowed: isAway ? 'a Cassandra node that answers' : 'a statement that Cassandra takes',
          remedy: isAway ? 'start it: npx bifold up' : 'correct the statement',
        },
        { cause },
      );
    }
  };
  await explained('connecting to Cassandra', () => driver.connect()).catch(async (error) => {
    await driver.shutdown().catch(() => undefined);
    throw error;
  });
  return {
    async ask(cql, rowsMax) {
      const result = await explained('a statement', () => driver.execute(cql, [], { fetchSize: rowsMax }));
      // A statement that returns nothing has no columns.
      const columns = (result.columns ?? []).map(({ name }) => name);
      const rows = (result.rows ?? []).map((row) => columns.map((name) => plain(row[name])));
      return { columns, rows: rows.slice(0, rowsMax), hasMore: Boolean(result.pageState) || rows.length > rowsMax };
    },
    close: () => driver.shutdown(),
  };
}

function plain(value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value !== 'object') return value;
  if (value instanceof Date) return value.toISOString();
  if (Buffer.isBuffer(value)) return `0x${value.toString('hex')}`;
  if (Array.isArray(value) || value instanceof Set) return [...value].map(plain);
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([key, each]) => [String(plain(key)), plain(each)]));
  if (value instanceof cassandra.types.Tuple) return value.values().map(plain);
  // User-defined types and maps are plain objects. The driver's scalar types have a text form.
  if (Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
  return String(value);
}

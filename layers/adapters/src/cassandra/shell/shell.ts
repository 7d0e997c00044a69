import cassandra from 'cassandra-driver';
import type { Credentials } from '../../credentials.ts';
import type { CassandraOptions } from '../client.ts';
import { shellError } from './errors.ts';
import { keepExactValues } from './exact-values.ts';
import { jsonOf } from './values.ts';

/**
 * The result of a statement: rows under their columns. A statement that only changes data has none.
 */
export interface ShellAnswer {
  readonly columns: readonly string[];
  /**
   * Values as JSON: numbers beyond 2^53, decimals, NaN and infinities are texts. Times are ISO
   * 8601; those beyond the year 275760 are the milliseconds that Cassandra stores. Blobs are
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
const STATEMENT_LENGTH_SHOWN = 200;

/** @param options.keyspace the keyspace of unqualified table names */
export async function cassandraShell(
  options: Pick<CassandraOptions, 'contactPoints' | 'localDataCenter'> & {
    readonly keyspace?: string;
    readonly credentials?: Credentials;
  },
): Promise<CassandraShell> {
  keepExactValues();
  const contactPoints = options.contactPoints.join(', ');
  const driver = new cassandra.Client({
    contactPoints: [...options.contactPoints],
    localDataCenter: options.localDataCenter ?? 'datacenter1',
    ...(options.keyspace === undefined ? {} : { keyspace: options.keyspace }),
    ...(options.credentials ? { credentials: { ...options.credentials } } : {}),
    encoding: { useBigIntAsLong: true, useBigIntAsVarint: true, map: Map, set: Set },
    socketOptions: { connectTimeout: 15_000, readTimeout: DEFINITION_TIMEOUT_MS },
    queryOptions: { prepare: false, isIdempotent: false },
  });
  const explained = async <T>(failed: string, run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (cause) {
      throw shellError(failed, cause);
    }
  };
  await explained(`connecting to Cassandra at ${contactPoints}`, () => driver.connect()).catch(async (error) => {
    await driver.shutdown().catch(() => undefined);
    throw error;
  });
  return {
    async ask(cql, rowsMax) {
      const result = await explained(`Cassandra at ${contactPoints} did not run ${shortened(cql)}`, () =>
        driver.execute(cql, [], { fetchSize: rowsMax }),
      );
      // A statement that returns nothing has no columns.
      const columns = (result.columns ?? []).map(({ name }) => name);
      const rows = (result.rows ?? []).map((row) => columns.map((name) => jsonOf(row[name])));
      return { columns, rows: rows.slice(0, rowsMax), hasMore: Boolean(result.pageState) || rows.length > rowsMax };
    },
    close: () => driver.shutdown(),
  };
}

function shortened(cql: string): string {
  return cql.length > STATEMENT_LENGTH_SHOWN ? `${cql.slice(0, STATEMENT_LENGTH_SHOWN)}...` : cql;
}

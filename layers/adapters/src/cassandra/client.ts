import { type Scope, TABLES, type TableName } from '@bifold/core/engine';
import cassandra from 'cassandra-driver';
import { type Credentials, type CredentialsSource, sourceOfCredentials } from '../credentials.ts';
import { AdapterError } from '../errors.ts';
import { certificateRefused, type Tls, verifiedByNames } from '../tls.ts';
import { SourcedAuthentication } from './authentication.ts';

const { localQuorum, localSerial } = cassandra.types.consistencies;
const CODES = cassandra.types.responseErrorCodes;

export interface CassandraOptions {
  /** `host:port` of one or several nodes. */
  readonly contactPoints: readonly string[];
  readonly localDataCenter?: string;
  readonly keyspace: string;
  readonly credentials?: Credentials | CredentialsSource;
  /**
   * Verifies the certificates of nodes. A certificate must contain the host of the contact point,
   * the address of the node, or the configured name.
   */
  readonly tls?: Tls;
  readonly requestTimeoutMs?: number;
}

type Bound = string | number | bigint | boolean | Buffer | cassandra.types.Uuid | readonly string[] | undefined;
export type CassandraRow = cassandra.types.Row;

export interface Statement {
  readonly cql: string;
  readonly values: readonly Bound[];
}

/**
 * The Cassandra operations of the stores. All statements are prepared, and each has a fixed
 * consistency level.
 */
export interface CassandraClient {
  readonly keyspace: string;
  /** The qualified name of a table. */
  table(name: TableName): string;
  /** An idempotent write, or a definition: resolves when LOCAL_QUORUM has acknowledged it. */
  write(statement: Statement): Promise<void>;
  /** Writes to rows of **one** Cassandra partition, as one mutation. */
  executeBatch(statements: readonly Statement[]): Promise<void>;
  /** Reads rows page by page, on demand, at LOCAL_QUORUM (or LOCAL_SERIAL). */
  pages(statement: Statement, options?: ReadOptions): AsyncIterable<readonly CassandraRow[]>;
  read(statement: Statement, options?: ReadOptions): Promise<readonly CassandraRow[]>;
  /**
   * A statement with IF. It is sent once and never retried by the driver: a retry could find its
   * own write and report that another writer won.
   */
  executeConditional(statement: Statement): Promise<Decision>;
  /**
   * Statements with IF on rows of **one** Cassandra partition: all of them apply, or none. They
   * need one Paxos round. Separate statements would run one after another.
   */
  executeConditionalBatch(statements: readonly Statement[]): Promise<Decision>;
  /** Statements that cannot be prepared: definitions of keyspaces and tables. */
  executeDdl(cql: string): Promise<void>;
  close(): Promise<void>;
}

interface ReadOptions {
  readonly serial?: boolean;
  readonly fetchSize?: number;
}

/** `unknown`: the statement timed out. It may have applied, or may still apply. */
type Decision =
  | { readonly kind: 'applied' }
  | { readonly kind: 'refused'; readonly row: CassandraRow }
  | { readonly kind: 'unknown'; readonly error: AdapterError };

const RETRIES_MAX = 2;
const FETCH_SIZE_ROWS = 1000;

/**
 * Repeats idempotent statements a limited number of times, and throws all other errors. All our
 * plain writes carry their own timestamps, so a repetition changes nothing.
 */
class BoundedRetryPolicy extends cassandra.policies.retry.RetryPolicy {
  override onUnavailable(info: cassandra.policies.retry.OperationInfo) {
    return this.#repeat(info, false);
  }
  override onReadTimeout(info: cassandra.policies.retry.OperationInfo) {
    return this.#repeat(info, true);
  }
  override onWriteTimeout(info: cassandra.policies.retry.OperationInfo) {
    return this.#repeat(info, true);
  }
  override onRequestError(info: cassandra.policies.retry.OperationInfo) {
    return this.#repeat(info, false);
  }
  #repeat(info: cassandra.policies.retry.OperationInfo, sameHost: boolean) {
    if (info.nbRetry >= RETRIES_MAX || !info.executionOptions.isIdempotent()) return this.rethrowResult();
    return this.retryResult(info.executionOptions.getConsistency(), sameHost);
  }
}

export async function connectCassandra(options: CassandraOptions): Promise<CassandraClient> {
  const authentication =
    options.credentials === undefined ? null : new SourcedAuthentication(sourceOfCredentials(options.credentials));
  const driver = new cassandra.Client({
    contactPoints: [...options.contactPoints],
    localDataCenter: options.localDataCenter ?? 'datacenter1',
    ...(authentication === null ? {} : { authProvider: authentication }),
    ...(options.tls ? { sslOptions: verifiedByNames(options.tls, options.contactPoints.map(hostOf)) } : {}),
    // Our rows have no TTLs, nulls or wall-clock timestamps. Undefined leaves a column unset, and
    // 64-bit columns are bigint in both directions.
    encoding: { useBigIntAsLong: true, useUndefinedAsUnset: true },
    prepareOnAllHosts: false,
    rePrepareOnUp: false,
    pooling: { warmup: true, heartBeatInterval: 15_000 },
    policies: {
      retry: new BoundedRetryPolicy(),
      // A restarted node is found within seconds; the driver's own schedule reaches ten minutes.
      reconnection: new cassandra.policies.reconnection.ExponentialReconnectionPolicy(100, 2_000, false),
      speculativeExecution: new cassandra.policies.speculativeExecution.NoSpeculativeExecutionPolicy(),
    },
    socketOptions: { connectTimeout: 15_000, readTimeout: options.requestTimeoutMs ?? 10_000 },
    queryOptions: {
      prepare: true,
      isIdempotent: true,
      consistency: localQuorum,
      serialConsistency: localSerial,
      fetchSize: FETCH_SIZE_ROWS,
    },
  });
  const place = options.contactPoints.join(', ');
  const asking = async <T>(what: string, ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask();
    } catch (cause) {
      throw explain(what, place, options.keyspace, cause);
    }
  };
  await asking('connecting to Cassandra', () => driver.connect()).catch(async (error) => {
    await driver.shutdown().catch(() => undefined);
    if (error.code === REFUSED) await authentication?.refuseUnproven();
    throw error;
  });

  async function* pages(statement: Statement, { serial = false, fetchSize }: ReadOptions = {}) {
    let pageState: Buffer | string | undefined;
    do {
      const result = await asking('reading from Cassandra', () =>
        driver.execute(statement.cql, [...statement.values], {
          ...(serial ? { consistency: localSerial } : {}),
          ...(fetchSize === undefined ? {} : { fetchSize }),
          ...(pageState === undefined ? {} : { pageState }),
        }),
      );
      pageState = result.pageState || undefined;
      // A page may be empty without being the last one, because of a filter or tombstones.
      if (result.rows.length > 0) yield result.rows;
    } while (pageState !== undefined);
  }

  const deciding = async (ask: () => Promise<cassandra.types.ResultSet>): Promise<Decision> => {
    try {
      const result = await ask();
      return result.wasApplied() ? { kind: 'applied' } : { kind: 'refused', row: result.first() };
    } catch (cause) {
      const error = explain('a conditional write to Cassandra', place, options.keyspace, cause);
      if (error.code === TABLES_MISSING || error.code === REFUSED) throw error;
      return { kind: 'unknown', error };
    }
  };

  const write = async (statement: Statement) => {
    await asking('writing to Cassandra', () => driver.execute(statement.cql, [...statement.values]));
  };

  return {
    keyspace: options.keyspace,
    table: (name) => `${options.keyspace}.${TABLES[name].name}`,
    write,
    async executeBatch(statements) {
      const [only] = statements;
      if (only === undefined) return;
      if (statements.length === 1) return write(only);
      const queries = statements.map(({ cql, values }) => ({ query: cql, params: values as unknown[] }));
      await asking('writing to Cassandra', () => driver.batch(queries, { logged: false }));
    },
    pages,
    async read(statement, readOptions) {
      const rows: CassandraRow[] = [];
      for await (const page of pages(statement, readOptions)) for (const row of page) rows.push(row);
      return rows;
    },
    executeConditional: ({ cql, values }) => deciding(() => driver.execute(cql, [...values], { isIdempotent: false })),
    executeConditionalBatch(statements) {
      const queries = statements.map(({ cql, values }) => ({ query: cql, params: values as unknown[] }));
      return deciding(() => driver.batch(queries, { isIdempotent: false }));
    },
    async executeDdl(cql) {
      await asking('defining tables in Cassandra', () =>
        driver.execute(cql, [], { prepare: false, readTimeout: 30_000 }),
      );
    },
    close: () => driver.shutdown(),
  };
}

/** The host of `host:port`. An IPv6 address with a port is in brackets. */
function hostOf(contactPoint: string): string {
  return /^\[(.+)\](?::\d+)?$/.exec(contactPoint)?.[1] ?? contactPoint.replace(/^([^:]*):\d+$/, '$1');
}

const AWAY = 'BIFOLD_CASSANDRA_AWAY';
const TIMEOUT = 'BIFOLD_CASSANDRA_TIMEOUT';
const REFUSED = 'BIFOLD_CASSANDRA_REFUSED';
const TABLES_MISSING = 'BIFOLD_CASSANDRA_TABLES_MISSING';
const FAILED = 'BIFOLD_CASSANDRA_FAILED';

const OVERDUE: ReadonlySet<number> = new Set([
  CODES.unavailableException,
  CODES.overloaded,
  CODES.writeTimeout,
  CODES.readTimeout,
  CODES.writeFailure,
  CODES.readFailure,
]);

function explain(what: string, place: string, keyspace: string, cause: unknown): AdapterError {
  const causes = [cause, ...Object.values((cause as { innerErrors?: Record<string, unknown> })?.innerErrors ?? {})];
  const said = causes.map(firstLine).join(' <- ');
  const explained = (code: string, allowed: string, remedy: string) =>
    new AdapterError(code, { failed: `${what} at ${place} failed`, received: said, allowed, remedy }, { cause });

  const untrusted = certificateRefused(`${what} at ${place}`, cause);
  if (untrusted !== null) return untrusted;
  if (causes.some((each) => each instanceof cassandra.errors.AuthenticationError)) {
    return explained(
      REFUSED,
      'credentials that Cassandra accepts',
      'put the right username and password into the secret',
    );
  }
  if (causes.some((each) => each instanceof cassandra.errors.OperationTimedOutError || OVERDUE.has(codeOf(each)))) {
    return explained(
      TIMEOUT,
      'an acknowledgement by LOCAL_QUORUM in time',
      'try again; the write may have applied, and repeating it is harmless',
    );
  }
  if (cause instanceof cassandra.errors.NoHostAvailableError) {
    return explained(
      AWAY,
      'a Cassandra node that answers',
      'start it, or correct the contact points and the local data center',
    );
  }
  if (/unconfigured table|does not exist|non-existent keyspace/i.test(said)) {
    return explained(TABLES_MISSING, `the tables of Bifold in keyspace ${keyspace}`, 'deploy, which creates them');
  }
  return explained(FAILED, 'a statement that Cassandra accepts', 'read the cause; a retry may cure it');
}

/** The driver puts the stacks of other errors into its messages. */
function firstLine(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return line;
}

function codeOf(error: unknown): number {
  return error instanceof cassandra.errors.ResponseError ? error.code : -1;
}

/** The values of the two columns that every scoped key starts with. */
export function scopeValues(scope: Scope): readonly [string, cassandra.types.Uuid] {
  return [scope.version, cassandra.types.Uuid.fromString(scope.topicId)];
}

/** The driver takes Buffers only; this is a view, not a copy. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

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
   * A node's certificate must have the name of a contact point, the node's address, or the one name
   * that is configured.
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
  /** The message with which Cassandra refused the values of a write. Null for other errors. */
  invalidValuesReason(error: unknown): string | null;
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
const DDL_TIMEOUT_MS = 30_000;

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
  const { keyspace, contactPoints, credentials } = options;
  const authentication = credentials === undefined ? null : new SourcedAuthentication(sourceOfCredentials(credentials));
  const driver = new cassandra.Client(driverOptions(options, authentication));
  const session: Session = { driver, keyspace, contactPoints: contactPoints.join(', ') };
  await explained(session, 'connecting to Cassandra', () => driver.connect()).catch(async (error) => {
    await driver.shutdown().catch(() => undefined);
    if (error.code === REFUSED) await authentication?.refuseUnproven();
    throw error;
  });
  return {
    keyspace,
    table: (name) => `${keyspace}.${TABLES[name].name}`,
    write: (statement) => write(session, statement),
    executeBatch: (statements) => executeBatch(session, statements),
    pages: (statement, readOptions) => pages(session, statement, readOptions),
    read: (statement, readOptions) => read(session, statement, readOptions),
    executeConditional: ({ cql, values }) =>
      decisionOf(session, () => driver.execute(cql, [...values], { isIdempotent: false })),
    executeConditionalBatch: (statements) =>
      decisionOf(session, () => driver.batch(queriesOf(statements), { isIdempotent: false })),
    async executeDdl(cql) {
      const ddlOptions = { prepare: false, readTimeout: DDL_TIMEOUT_MS };
      await explained(session, 'defining tables in Cassandra', () => driver.execute(cql, [], ddlOptions));
    },
    invalidValuesReason,
    close: () => driver.shutdown(),
  };
}

/** The driver of one keyspace, and how errors name its nodes. */
interface Session {
  readonly driver: cassandra.Client;
  readonly keyspace: string;
  readonly contactPoints: string;
}

function driverOptions(
  options: CassandraOptions,
  authentication: SourcedAuthentication | null,
): cassandra.DseClientOptions {
  return {
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
  };
}

/** Runs an operation. @throws {AdapterError} that says which operation failed, where and why */
async function explained<T>(session: Session, operation: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw explain(session, operation, cause);
  }
}

async function write(session: Session, { cql, values }: Statement): Promise<void> {
  await explained(session, 'writing to Cassandra', () => session.driver.execute(cql, [...values]));
}

async function executeBatch(session: Session, statements: readonly Statement[]): Promise<void> {
  const [only] = statements;
  if (only === undefined) return;
  if (statements.length === 1) return write(session, only);
  const queries = queriesOf(statements);
  await explained(session, 'writing to Cassandra', () => session.driver.batch(queries, { logged: false }));
}

function queriesOf(statements: readonly Statement[]) {
  return statements.map(({ cql, values }) => ({ query: cql, params: values as unknown[] }));
}

async function* pages(
  session: Session,
  statement: Statement,
  { serial = false, fetchSize }: ReadOptions = {},
): AsyncGenerator<readonly CassandraRow[]> {
  let pageState: Buffer | string | undefined;
  do {
    const result = await explained(session, 'reading from Cassandra', () =>
      session.driver.execute(statement.cql, [...statement.values], {
        ...(serial ? { consistency: localSerial } : {}),
        ...(fetchSize === undefined ? {} : { fetchSize }),
        ...(pageState === undefined ? {} : { pageState }),
      }),
    );
    pageState = result.pageState || undefined;
    // A page may be empty and yet not the last: a filter or tombstones removed its rows.
    if (result.rows.length > 0) yield result.rows;
  } while (pageState !== undefined);
}

async function read(session: Session, statement: Statement, options?: ReadOptions): Promise<readonly CassandraRow[]> {
  const rows: CassandraRow[] = [];
  for await (const page of pages(session, statement, options)) for (const row of page) rows.push(row);
  return rows;
}

/**
 * The outcome of a statement with IF.
 *
 * @throws {AdapterError} only for an error that is an answer: without tables or rights nothing
 * applied
 */
async function decisionOf(session: Session, run: () => Promise<cassandra.types.ResultSet>): Promise<Decision> {
  try {
    const result = await run();
    return result.wasApplied() ? { kind: 'applied' } : { kind: 'refused', row: result.first() };
  } catch (cause) {
    const error = explain(session, 'a conditional write to Cassandra', cause);
    if (error.code === TABLES_MISSING || error.code === REFUSED) throw error;
    return { kind: 'unknown', error };
  }
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

function explain({ contactPoints, keyspace }: Session, operation: string, cause: unknown): AdapterError {
  const causes = [cause, ...Object.values((cause as { innerErrors?: Record<string, unknown> })?.innerErrors ?? {})];
  const received = causes.map(firstLine).join(' <- ');
  const failed = `${operation} at ${contactPoints} failed`;
  const errorOf = (code: string, allowed: string, remedy: string) =>
    new AdapterError(code, { failed, received, allowed, remedy }, { cause });

  const untrusted = certificateRefused(`${operation} at ${contactPoints}`, cause);
  if (untrusted !== null) return untrusted;
  if (causes.some((each) => each instanceof cassandra.errors.AuthenticationError)) {
    return errorOf(
      REFUSED,
      'credentials that Cassandra accepts',
      'put the right username and password into the secret',
    );
  }
  if (causes.some((each) => each instanceof cassandra.errors.OperationTimedOutError || OVERDUE.has(codeOf(each)))) {
    return errorOf(
      TIMEOUT,
      'an acknowledgement by LOCAL_QUORUM in time',
      'try again; the write may have applied, and repeating it is harmless',
    );
  }
  if (cause instanceof cassandra.errors.NoHostAvailableError) {
    return errorOf(
      AWAY,
      'a Cassandra node that answers',
      'start it, or correct the contact points and the local data center',
    );
  }
  if (/unconfigured table|does not exist|non-existent keyspace/i.test(received)) {
    return errorOf(TABLES_MISSING, `the tables of Bifold in keyspace ${keyspace}`, 'deploy, which creates them');
  }
  return errorOf(FAILED, 'a statement that Cassandra accepts', 'read the cause; a retry may cure it');
}

/** Cassandra refuses these for their size, also where it calls that an error of the server. */
const TOO_LARGE = /too (large|big)|larger than the maximum|maximum allowed/i;
/** A guardrail that depends on the node and not on the statement. */
const DISK_FULL = /disk usage/i;

function invalidValuesReason(error: unknown): string | null {
  const cause = error instanceof AdapterError ? error.cause : error;
  const message = firstLine(cause);
  if (codeOf(cause) === CODES.invalid) return DISK_FULL.test(message) ? null : message;
  return codeOf(cause) === CODES.serverError && TOO_LARGE.test(message) ? message : null;
}

/** The first line of a message: the driver adds the stacks of other errors to it. */
function firstLine(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return line;
}

function codeOf(error: unknown): number {
  return error instanceof cassandra.errors.ResponseError ? error.code : -1;
}

export type ScopeValues = readonly [version: string, topicId: cassandra.types.Uuid];

/** The values of the two columns that every scoped key starts with. */
export function scopeValues(scope: Scope): ScopeValues {
  return [scope.version, cassandra.types.Uuid.fromString(scope.topicId)];
}

/** The driver takes Buffers only; this is a view, not a copy. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, ConnectionStatuses, GenericError, MultipleErrors, ResponseError } from '@platformatic/kafka';
import { type Credentials, type CredentialsSource, sourceOfCredentials } from '../credentials.ts';
import { AdapterError } from '../errors.ts';
import { certificateRefused, type Tls, type TlsOptions, verifiedTls } from '../tls.ts';

export interface KafkaOptions {
  /** Bootstrap brokers as `host:port`. The others are discovered. */
  readonly brokers: readonly string[];
  /** A user of SCRAM-SHA-512. */
  readonly credentials?: Credentials;
  readonly tls?: Tls;
  readonly requestTimeoutMs?: number;
  /** The time for which a call keeps trying while brokers are away or elect leaders. */
  readonly patienceMs?: number;
}

/**
 * Options of a long-lived client in a function, whose credentials may come from a rotated secret.
 */
export interface KafkaConnection extends Omit<KafkaOptions, 'credentials'> {
  readonly credentials?: Credentials | CredentialsSource;
}

export interface Broker {
  readonly host: string;
  readonly port: number;
}

/**
 * A request with a fixed protocol version. Brokers from 3.1 on, including 4.x, support the versions
 * used here. Negotiating would cost a round trip.
 */
interface Request<A extends unknown[], R> {
  readonly async: (connection: Connection, ...args: A) => Promise<R>;
}

/**
 * Kept connections to the brokers of a cluster. They use the library's connections and requests,
 * without its clients. Those cache metadata, which must be fresh here, and load schema validators,
 * which would slow each cold start.
 */
export interface Cluster {
  /** Sends one request to a broker. Null means any broker that answers. */
  ask<A extends unknown[], R>(broker: Broker | null, request: Request<A, R>, ...args: A): Promise<R>;
  /**
   * Repeats a call until it succeeds, fails permanently, or the time is over, because brokers
   * restart and leaders move. `renew` runs before each repetition.
   */
  persist<T>(what: string, attempt: () => Promise<T>, renew?: () => void): Promise<T>;
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 15_000;
const PATIENCE_MS = 10_000;
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1_000;

export function kafkaCluster(options: KafkaConnection): Cluster {
  const { tls, patienceMs = PATIENCE_MS } = options;
  const source = options.credentials === undefined ? null : sourceOfCredentials(options.credentials);
  const isRotated = options.credentials !== undefined && 'current' in options.credentials;
  const timeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  const bootstrap = options.brokers.map(parseBroker);
  const connections = new Map<string, Promise<Connection>>();

  const open = async (broker: Broker, credentials: Credentials | null): Promise<Connection> => {
    const connection = new Connection('bifold', {
      connectTimeout: timeoutMs,
      requestTimeout: timeoutMs,
      ...(tls ? { tls: verifiedTls(tls), tlsServerName: serverNameOf(tls, broker) } : {}),
      ...(credentials === null ? {} : { sasl: { mechanism: 'SCRAM-SHA-512' as const, ...credentials } }),
    });
    // Pending requests fail by themselves. An error of an idle connection only means that the next
    // request connects again.
    connection.on('error', () => undefined);
    await connection.connect(broker.host, broker.port);
    return connection;
  };

  /**
   * Connects with the credentials of the source. If the brokers refuse them and the source has new
   * ones, it tries once more.
   */
  const connect = async (broker: Broker): Promise<Connection> => {
    if (source === null) return open(broker, null);
    const credentials = await source.current();
    try {
      return await open(broker, credentials);
    } catch (error) {
      if (!isRefusal(error) || !(await source.refused(credentials).catch(() => false))) throw error;
      return open(broker, await source.current());
    }
  };

  const connectionTo = async (broker: Broker): Promise<Connection> => {
    const address = `${broker.host}:${broker.port}`;
    const kept = await connections.get(address)?.catch(() => null);
    if (kept?.isConnected()) return kept;
    // Another caller may have started to connect in the meantime.
    const begun = connections.get(address);
    if (begun !== undefined && (await begun.catch(() => null)) !== kept) return begun;
    const connection = connect(broker);
    connections.set(address, connection);
    connection.catch(() => connections.delete(address));
    return connection;
  };

  const anyConnection = async (): Promise<Connection> => {
    for (const kept of connections.values()) {
      const connection = await kept.catch(() => null);
      if (connection?.isConnected()) return connection;
    }
    const errors: unknown[] = [];
    for (const broker of bootstrap) {
      try {
        return await connectionTo(broker);
      } catch (error) {
        errors.push(error);
      }
    }
    throw errors.length === 1 ? errors[0] : new MultipleErrors('no broker answers', errors as Error[]);
  };

  return {
    async ask(broker, request, ...args) {
      const connection = broker === null ? await anyConnection() : await connectionTo(broker);
      return request.async(connection, ...args);
    },

    async persist(what, attempt, renew) {
      const deadline = performance.now() + patienceMs;
      for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
        try {
          return await attempt();
        } catch (error) {
          if (error instanceof AdapterError) throw error;
          const untrusted = certificateRefused(`${what} at ${options.brokers.join(', ')}`, error);
          if (untrusted !== null) throw untrusted;
          // While a password is rotated, brokers and secret differ for a moment.
          const mayPass = isPassing(error) || (isRotated && isRefusal(error));
          if (!mayPass || performance.now() + pauseMs > deadline) throw explain(what, options.brokers, error);
          await sleep(pauseMs);
          renew?.();
        }
      }
    },

    async close() {
      const open = await Promise.all([...connections.values()].map((each) => each.catch(() => null)));
      connections.clear();
      await Promise.all(
        open.map((each) => (each === null || each.status === ConnectionStatuses.CLOSED ? null : each.close())),
      );
    },
  };
}

/**
 * The name that the certificate must contain. An IP address cannot be sent as a server name (SNI),
 * so it is only verified.
 */
function serverNameOf(tls: true | TlsOptions, { host }: Broker): string | false {
  if (tls !== true && tls.serverName !== undefined) return tls.serverName;
  return isIP(host) === 0 && host;
}

function parseBroker(address: string): Broker {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}

/**
 * Transient errors: all errors except refusals of credentials, permissions or the request itself.
 */
const PASSING = new Set([
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'INCONSISTENT_TOPIC_ID',
  'REPLICA_NOT_AVAILABLE',
  'OFFSET_NOT_AVAILABLE',
  'KAFKA_STORAGE_ERROR',
  'REQUEST_TIMED_OUT',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'NOT_CONTROLLER',
  'NETWORK_EXCEPTION',
]);

/** Names of the errors that a broker answered with. */
export function apiErrorsOf(error: unknown): readonly string[] {
  return error instanceof ResponseError ? error.errors.map((each) => String((each as { apiId?: unknown }).apiId)) : [];
}

/** The error names, with the messages of the broker. */
export function messagesOf(error: unknown): readonly string[] {
  if (!(error instanceof ResponseError)) return [];
  return error.errors.map((each) => {
    const { apiId, serverErrorMessage, message } = each as Error & {
      apiId?: string;
      serverErrorMessage?: string | null;
    };
    return `${apiId}: ${serverErrorMessage ?? message}`;
  });
}

function isPassing(error: unknown): boolean {
  const answered = apiErrorsOf(error);
  if (answered.length > 0) return answered.every((name) => PASSING.has(name));
  return error instanceof GenericError || error instanceof MultipleErrors ? !isRefusal(error) : false;
}

function isRefusal(error: unknown): boolean {
  return chain(error).some((each) => (each as { code?: unknown }).code === 'PLT_KFK_AUTHENTICATION');
}

function chain(error: unknown): readonly Error[] {
  if (!(error instanceof Error)) return [];
  const parts = error instanceof AggregateError ? error.errors.flatMap(chain) : [];
  return [error, ...parts, ...chain(error.cause)];
}

function explain(what: string, brokers: readonly string[], cause: unknown): AdapterError {
  const said = chain(cause).map((each) => each.message);
  const explanation = { failed: `${what} at ${brokers.join(', ')} failed`, received: [...new Set(said)].join(' <- ') };
  const answered = apiErrorsOf(cause);
  if (isRefusal(cause) || answered.some((name) => name.endsWith('AUTHORIZATION_FAILED'))) {
    return new AdapterError(
      'BIFOLD_KAFKA_REFUSED',
      {
        ...explanation,
        allowed: 'credentials that Kafka accepts, with the right to do this',
        remedy: 'put the right username and password into the secret, or grant the right',
      },
      { cause },
    );
  }
  return answered.length > 0
    ? new AdapterError(
        'BIFOLD_KAFKA_FAILED',
        { ...explanation, allowed: 'an answer without an error', remedy: 'read the cause; a retry may cure it' },
        { cause },
      )
    : new AdapterError(
        'BIFOLD_KAFKA_AWAY',
        { ...explanation, allowed: 'a broker that answers in time', remedy: 'start Kafka, or correct its addresses' },
        { cause },
      );
}

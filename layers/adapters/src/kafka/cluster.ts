import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, ConnectionStatuses, MultipleErrors } from '@platformatic/kafka';
import { type Credentials, type CredentialsSource, sourceOfCredentials } from '../credentials.ts';
import { AdapterError } from '../errors.ts';
import { certificateRefused, type Tls, type TlsOptions, verifiedTls } from '../tls.ts';
import { isAuthenticationError, isPassing, kafkaError } from './errors.ts';

export interface KafkaOptions {
  /** The bootstrap servers, each `host:port`. Metadata names the other brokers. */
  readonly brokers: readonly string[];
  /** A user of SCRAM-SHA-512. */
  readonly credentials?: Credentials;
  readonly tls?: Tls;
  readonly requestTimeoutMs?: number;
  /** The time for which a call is retried while brokers are away or elect leaders. */
  readonly retryTimeoutMs?: number;
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
 * A request of one fixed version. Fixed, because brokers from 3.1 on, 4.x included, serve the
 * versions used here: to ask first would cost a round trip.
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
  /** Sends one request; `broker` null is any broker that answers. */
  send<A extends unknown[], R>(broker: Broker | null, request: Request<A, R>, ...args: A): Promise<R>;
  /**
   * Runs an operation until it succeeds, fails for good, or `retryTimeoutMs` is over since its
   * first failure: brokers restart, leaders move. `beforeRetry` drops what may be stale, such as
   * known leaders.
   *
   * @throws {AdapterError} that names the operation, the brokers and the causes
   */
  retry<T>(operation: string, attempt: () => Promise<T>, beforeRetry?: () => void): Promise<T>;
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 15_000;
const RETRY_TIMEOUT_MS = 10_000;
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1_000;

export function kafkaCluster(options: KafkaConnection): Cluster {
  return new BrokerConnections(options);
}

class BrokerConnections implements Cluster {
  readonly #brokers: readonly string[];
  readonly #bootstrap: readonly Broker[];
  readonly #tls: Tls | undefined;
  readonly #requestTimeoutMs: number;
  readonly #retryTimeoutMs: number;
  readonly #credentials: CredentialsSource | null;
  readonly #isRotated: boolean;
  /** By address. A connection that is being opened is shared, too. */
  readonly #connections = new Map<string, Promise<Connection>>();

  constructor(options: KafkaConnection) {
    const { brokers, credentials } = options;
    this.#brokers = brokers;
    this.#bootstrap = brokers.map(parseBroker);
    this.#tls = options.tls;
    this.#requestTimeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
    this.#retryTimeoutMs = options.retryTimeoutMs ?? RETRY_TIMEOUT_MS;
    this.#credentials = credentials === undefined ? null : sourceOfCredentials(credentials);
    this.#isRotated = credentials !== undefined && 'current' in credentials;
  }

  async send<A extends unknown[], R>(broker: Broker | null, request: Request<A, R>, ...args: A): Promise<R> {
    const connection = broker === null ? await this.#anyConnection() : await this.#connectionTo(broker);
    return request.async(connection, ...args);
  }

  async retry<T>(operation: string, attempt: () => Promise<T>, beforeRetry?: () => void): Promise<T> {
    // Counted from the first failure: a request times out after more time than all retries may
    // take. The broker may have answered in time, and a busy process has not read the answer.
    let deadline: number | null = null;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        return await attempt();
      } catch (error) {
        if (error instanceof AdapterError) throw error;
        const untrusted = certificateRefused(`${operation} at ${this.#brokers.join(', ')}`, error);
        if (untrusted !== null) throw untrusted;
        // While a password is rotated, brokers and secret differ for a moment.
        deadline ??= performance.now() + this.#retryTimeoutMs;
        const mayPass = isPassing(error) || (this.#isRotated && isAuthenticationError(error));
        if (!mayPass || performance.now() + pauseMs > deadline) throw kafkaError(operation, this.#brokers, error);
        await sleep(pauseMs);
        beforeRetry?.();
      }
    }
  }

  async close(): Promise<void> {
    const open = await Promise.all([...this.#connections.values()].map((each) => each.catch(() => null)));
    this.#connections.clear();
    await Promise.all(
      open.map((each) => (each === null || each.status === ConnectionStatuses.CLOSED ? null : each.close())),
    );
  }

  async #anyConnection(): Promise<Connection> {
    for (const opening of this.#connections.values()) {
      const connection = await opening.catch(() => null);
      if (connection?.isConnected()) return connection;
    }
    const errors: unknown[] = [];
    for (const broker of this.#bootstrap) {
      try {
        return await this.#connectionTo(broker);
      } catch (error) {
        errors.push(error);
      }
    }
    throw errors.length === 1 ? errors[0] : new MultipleErrors('no broker answers', errors as Error[]);
  }

  async #connectionTo(broker: Broker): Promise<Connection> {
    const address = `${broker.host}:${broker.port}`;
    const existing = await this.#connections.get(address)?.catch(() => null);
    if (existing?.isConnected()) return existing;
    // Another caller may have begun to connect while this one looked.
    const opening = this.#connections.get(address);
    if (opening !== undefined && (await opening.catch(() => null)) !== existing) return opening;
    const connection = this.#connect(broker);
    this.#connections.set(address, connection);
    connection.catch(() => this.#connections.delete(address));
    return connection;
  }

  /** Connects once more if the brokers refuse the credentials and the source has others by then. */
  async #connect(broker: Broker): Promise<Connection> {
    const source = this.#credentials;
    if (source === null) return this.#open(broker, null);
    const credentials = await source.current();
    try {
      return await this.#open(broker, credentials);
    } catch (error) {
      if (!isAuthenticationError(error) || !(await source.refused(credentials).catch(() => false))) throw error;
      return this.#open(broker, await source.current());
    }
  }

  async #open(broker: Broker, credentials: Credentials | null): Promise<Connection> {
    const tls = this.#tls;
    const connection = new Connection('bifold', {
      connectTimeout: this.#requestTimeoutMs,
      requestTimeout: this.#requestTimeoutMs,
      ...(tls ? { tls: verifiedTls(tls), tlsServerName: serverNameOf(tls, broker) } : {}),
      ...(credentials === null ? {} : { sasl: { mechanism: 'SCRAM-SHA-512' as const, ...credentials } }),
    });
    // Pending requests fail by themselves. An error of an idle connection only means that the next
    // request connects again.
    connection.on('error', () => undefined);
    await connection.connect(broker.host, broker.port);
    return connection;
  }
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

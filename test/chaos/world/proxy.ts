import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';

/** The kinds of trouble on a link. */
export type Trouble =
  /** Open connections are reset, new ones too. */
  | { readonly kind: 'cut' }
  /** Drops all bytes silently. */
  | { readonly kind: 'blackhole' }
  /** Each chunk waits, in its order. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** Each connection is reset after this number of response bytes. */
  | { readonly kind: 'tear'; readonly answerBytes: number };

/** The traffic that a trouble hit. All zero means that the link was unused. */
export interface Met {
  readonly connections: number;
  readonly bytesSwallowed: number;
  readonly chunksDelayed: number;
  readonly answersTorn: number;
}

export interface ProxyOptions {
  readonly name: string;
  /** The port to which it forwards. */
  readonly targetPort: number;
  /**
   * Rewrites the target's bytes, with a new function for each connection, which receives the
   * proxy's own port.
   */
  readonly rewrite?: (ownPort: number) => (chunk: Buffer) => Buffer;
}

export interface TcpProxy {
  readonly name: string;
  readonly port: number;
  connections(): number;
  begin(trouble: Trouble): void;
  /** The traffic that the trouble has hit so far. */
  met(): Met;
  /** Restores the link. A blackhole has dropped bytes, so connections that lost some are reset. */
  end(): Met;
  close(): Promise<void>;
}

interface Connection {
  readonly client: Socket;
  readonly target: Socket;
  hasLost: boolean;
  answerBytesLeft: number;
}

const loopback = '127.0.0.1';
const UNHARMED: Met = { connections: 0, bytesSwallowed: 0, chunksDelayed: 0, answersTorn: 0 };

/** A TCP proxy between two parts of the system, for one link, with faults on command. */
export async function startProxy(options: ProxyOptions): Promise<TcpProxy> {
  const proxy = new FaultyProxy(options);
  await proxy.listen();
  return proxy;
}

class FaultyProxy implements TcpProxy {
  readonly name: string;
  port = 0;
  readonly #targetPort: number;
  readonly #rewrite: ProxyOptions['rewrite'];
  readonly #server: Server;
  readonly #open = new Set<Connection>();
  #trouble: Trouble | null = null;
  #met: Met = UNHARMED;

  constructor({ name, targetPort, rewrite }: ProxyOptions) {
    this.name = name;
    this.#targetPort = targetPort;
    this.#rewrite = rewrite;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port: 0, host: loopback }, () => {
        this.port = (this.#server.address() as AddressInfo).port;
        resolve();
      });
    });
  }

  connections(): number {
    return this.#open.size;
  }

  begin(trouble: Trouble): void {
    this.#trouble = trouble;
    this.#met = UNHARMED;
    if (trouble.kind === 'tear') for (const connection of this.#open) connection.answerBytesLeft = trouble.answerBytes;
    if (trouble.kind !== 'cut') return;
    this.#meet({ connections: this.#open.size });
    this.#resetAll();
  }

  met(): Met {
    return this.#met;
  }

  end(): Met {
    this.#trouble = null;
    for (const connection of [...this.#open]) {
      if (!connection.hasLost) continue;
      this.#meet({ connections: 1 });
      this.#reset(connection);
    }
    return this.#met;
  }

  async close(): Promise<void> {
    this.#resetAll();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: Socket): void {
    if (this.#trouble?.kind === 'cut') {
      this.#meet({ connections: 1 });
      client.resetAndDestroy();
      return;
    }
    const target = createConnection({ port: this.#targetPort, host: loopback });
    const answerBytesLeft = this.#trouble?.kind === 'tear' ? this.#trouble.answerBytes : 0;
    const connection: Connection = { client, target, hasLost: false, answerBytesLeft };
    this.#open.add(connection);
    for (const socket of [client, target]) {
      socket.setNoDelay(true);
      socket.on('error', () => this.#reset(connection));
    }
    client.on('end', () => target.end());
    target.on('end', () => client.end());
    client.on('close', () => {
      this.#open.delete(connection);
      target.destroy();
    });
    target.on('close', () => client.destroy());
    this.#forward(connection);
  }

  #forward(connection: Connection): void {
    const { client, target } = connection;
    const rewrite = this.#rewrite?.(this.port) ?? ((chunk: Buffer) => chunk);
    client.on('data', (chunk) => {
      if (this.#strike(connection, client, target, chunk)) return;
      forward(chunk, client, target);
    });
    target.on('data', (received) => {
      const chunk = rewrite(received);
      if (chunk.length === 0) return;
      if (this.#strike(connection, target, client, chunk) || this.#tear(connection, chunk)) return;
      forward(chunk, target, client);
    });
  }

  /** Drops or delays a chunk. @returns whether the chunk is dealt with */
  #strike(connection: Connection, source: Socket, sink: Socket, chunk: Buffer): boolean {
    switch (this.#trouble?.kind) {
      case 'blackhole':
        connection.hasLost = true;
        this.#meet({ bytesSwallowed: chunk.length });
        return true;
      case 'slow':
        this.#meet({ chunksDelayed: 1 });
        // The source waits while its chunk is delayed: order is kept.
        source.pause();
        setTimeout(() => {
          if (!sink.destroyed) sink.write(chunk);
          source.resume();
        }, this.#trouble.delayMs);
        return true;
      default:
        return false;
    }
  }

  /** Ends a connection in the middle of an answer. @returns whether the chunk is dealt with */
  #tear(connection: Connection, answer: Buffer): boolean {
    if (this.#trouble?.kind !== 'tear') return false;
    const { client, target, answerBytesLeft } = connection;
    if (answer.length <= answerBytesLeft) {
      connection.answerBytesLeft -= answer.length;
      return false;
    }
    this.#meet({ answersTorn: 1, connections: 1 });
    client.write(answer.subarray(0, answerBytesLeft), () => this.#reset(connection));
    target.pause();
    return true;
  }

  #resetAll(): void {
    for (const connection of [...this.#open]) this.#reset(connection);
  }

  #reset(connection: Connection): void {
    this.#open.delete(connection);
    connection.client.resetAndDestroy();
    connection.target.resetAndDestroy();
  }

  #meet(more: Partial<Met>): void {
    this.#met = {
      connections: this.#met.connections + (more.connections ?? 0),
      bytesSwallowed: this.#met.bytesSwallowed + (more.bytesSwallowed ?? 0),
      chunksDelayed: this.#met.chunksDelayed + (more.chunksDelayed ?? 0),
      answersTorn: this.#met.answersTorn + (more.answersTorn ?? 0),
    };
  }
}

/** The source waits while the sink is full. */
function forward(chunk: Buffer, source: Socket, sink: Socket): void {
  if (sink.destroyed || sink.write(chunk)) return;
  source.pause();
  sink.once('drain', () => source.resume());
}

import { createConnection, createServer, type Server, type Socket } from 'node:net';

/** The kinds of trouble on a link. */
export type Trouble =
  /** Open connections are reset, new ones too. */
  | { readonly kind: 'cut' }
  /** Drops all bytes silently. */
  | { readonly kind: 'blackhole' }
  /** Each chunk waits, in its order. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** So many bytes of answers come through on each connection, then it is reset. */
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
export async function startProxy({ name, targetPort, rewrite }: ProxyOptions): Promise<TcpProxy> {
  const open = new Set<Connection>();
  let trouble: Trouble | null = null;
  let met: Met = UNHARMED;
  const meet = (what: Partial<Met>) => {
    met = Object.fromEntries(
      Object.entries(met).map(([key, count]) => [key, count + (what[key as keyof Met] ?? 0)]),
    ) as unknown as Met;
  };

  const reset = (connection: Connection) => {
    open.delete(connection);
    connection.client.resetAndDestroy();
    connection.target.resetAndDestroy();
  };

  /**
   * The one place where bytes pass. The source waits while its chunk is delayed, or the sink is
   * full: order is kept.
   */
  const pass = (connection: Connection, source: Socket, sink: Socket, chunk: Buffer, isAnswer: boolean) => {
    switch (trouble?.kind) {
      case 'blackhole':
        connection.hasLost = true;
        meet({ bytesSwallowed: chunk.length });
        return;
      case 'slow':
        meet({ chunksDelayed: 1 });
        source.pause();
        setTimeout(() => {
          if (!sink.destroyed) sink.write(chunk);
          source.resume();
        }, trouble.delayMs);
        return;
      case 'tear':
        if (isAnswer && chunk.length > connection.answerBytesLeft) {
          meet({ answersTorn: 1, connections: 1 });
          sink.write(chunk.subarray(0, connection.answerBytesLeft), () => reset(connection));
          source.pause();
          return;
        }
        if (isAnswer) connection.answerBytesLeft -= chunk.length;
        break;
      default:
        break;
    }
    if (sink.destroyed || sink.write(chunk)) return;
    source.pause();
    sink.once('drain', () => source.resume());
  };

  const accept = (client: Socket) => {
    if (trouble?.kind === 'cut') {
      meet({ connections: 1 });
      client.resetAndDestroy();
      return;
    }
    const target = createConnection({ port: targetPort, host: loopback });
    const answerBytesLeft = trouble?.kind === 'tear' ? trouble.answerBytes : 0;
    const connection: Connection = { client, target, hasLost: false, answerBytesLeft };
    open.add(connection);
    for (const socket of [client, target]) {
      socket.setNoDelay(true);
      socket.on('error', () => reset(connection));
    }
    client.on('end', () => target.end());
    target.on('end', () => client.end());
    client.on('close', () => {
      open.delete(connection);
      target.destroy();
    });
    target.on('close', () => client.destroy());
    const change = rewrite?.(port) ?? ((chunk: Buffer) => chunk);
    client.on('data', (chunk) => pass(connection, client, target, chunk, false));
    target.on('data', (chunk) => {
      const said = change(chunk);
      if (said.length > 0) pass(connection, target, client, said, true);
    });
  };

  const server: Server = createServer({ allowHalfOpen: true }, accept);
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: 0, host: loopback }, () => resolve((server.address() as { port: number }).port));
  });

  return {
    name,
    port,
    connections: () => open.size,
    begin(next) {
      trouble = next;
      met = UNHARMED;
      if (next.kind === 'tear') for (const connection of open) connection.answerBytesLeft = next.answerBytes;
      if (next.kind !== 'cut') return;
      meet({ connections: open.size });
      for (const connection of [...open]) reset(connection);
    },
    met: () => met,
    end() {
      trouble = null;
      for (const connection of [...open]) {
        if (!connection.hasLost) continue;
        meet({ connections: 1 });
        reset(connection);
      }
      return met;
    },
    async close() {
      for (const connection of [...open]) reset(connection);
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

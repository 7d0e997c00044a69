import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { brokerMoved } from './kafka-addresses.ts';
import { startProxy, type TcpProxy } from './proxy.ts';

/** Repeats what it hears. */
let echo: Server;
let proxy: TcpProxy;
const clients: Socket[] = [];

beforeEach(async () => {
  echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  await new Promise<void>((resolve) => echo.listen({ port: 0, host: '127.0.0.1' }, resolve));
  proxy = await startProxy({ name: 'echo', targetPort: (echo.address() as { port: number }).port });
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await proxy.close();
  await new Promise<void>((resolve) => echo.close(() => resolve()));
});

interface Client {
  readonly socket: Socket;
  /** Everything that was heard, once it is this long. */
  heard(length: number): Promise<string>;
  readonly ended: Promise<string | undefined>;
}

function connect(): Client {
  const socket = createConnection({ port: proxy.port, host: '127.0.0.1' });
  clients.push(socket);
  let text = '';
  let look = () => {};
  socket.on('data', (chunk) => {
    text += chunk.toString();
    look();
  });
  const ended = new Promise<string | undefined>((resolve) => {
    socket.on('error', (error) => resolve((error as NodeJS.ErrnoException).code));
    socket.on('close', () => resolve(undefined));
  });
  return {
    socket,
    ended,
    heard: (length) =>
      new Promise((resolve) => {
        look = () => {
          if (text.length >= length) resolve(text);
        };
        look();
      }),
  };
}

async function talking(): Promise<Client> {
  const client = connect();
  client.socket.write('hello');
  expect(await client.heard(5)).toBe('hello');
  return client;
}

describe('a proxy', () => {
  it('passes everything on while nothing is wrong', async () => {
    const client = await talking();
    const long = 'x'.repeat(3_000_000);
    client.socket.write(long);
    expect(await client.heard(5 + long.length)).toBe(`hello${long}`);
    client.socket.end();
    expect(await client.ended).toBeUndefined();
  });

  it('cuts what is open, refuses what is new, and is well again', async () => {
    const client = await talking();
    proxy.begin({ kind: 'cut' });
    expect(await client.ended).toBe('ECONNRESET');
    expect(await connect().ended).toBe('ECONNRESET');
    expect(proxy.end()).toMatchObject({ connections: 2 });
    await talking();
  });

  it('swallows what is said, and resets in the end whoever lost bytes', async () => {
    const [idle, client] = [await talking(), await talking()];
    proxy.begin({ kind: 'blackhole' });
    client.socket.write('anybody there?');
    while (proxy.met().bytesSwallowed < 14) await new Promise((resolve) => setImmediate(resolve));
    expect(proxy.end()).toMatchObject({ bytesSwallowed: 14, connections: 1 });
    expect(await client.ended).toBe('ECONNRESET');
    idle.socket.write('!');
    expect(await idle.heard(6)).toBe('hello!');
  });

  it('delays each chunk, and keeps their order', async () => {
    const client = await talking();
    proxy.begin({ kind: 'slow', delayMs: 30 });
    const startedAtMs = performance.now();
    client.socket.write('one');
    client.socket.write('two');
    expect(await client.heard(11)).toBe('helloonetwo');
    // There and back again.
    expect(performance.now() - startedAtMs).toBeGreaterThan(55);
    expect(proxy.end().chunksDelayed).toBeGreaterThanOrEqual(2);
  });

  it('tears an answer in the middle', async () => {
    const client = await talking();
    proxy.begin({ kind: 'tear', answerBytes: 3 });
    client.socket.write('answer me');
    await client.ended;
    expect('helloans'.startsWith(await client.heard(5))).toBe(true);
    expect(proxy.end()).toMatchObject({ answersTorn: 1 });
  });

  it('resets its client when nobody is behind it', async () => {
    const empty = await startProxy({ name: 'empty', targetPort: 1 });
    const socket = createConnection({ port: empty.port, host: '127.0.0.1' });
    clients.push(socket);
    const code = await new Promise((resolve) =>
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code)),
    );
    expect(code).toBe('ECONNRESET');
    await empty.close();
  });
});

describe("a broker's address", () => {
  const frame = (payload: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(payload.length);
    return Buffer.concat([length, payload]);
  };
  const named = (port: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(port);
    return Buffer.concat([Buffer.from('..127.0.0.1'), bytes, Buffer.from('..')]);
  };

  it.each([1, 3, 7, 1_000])('is the proxy’s in every answer, in whatever pieces of %d bytes it comes', (piece) => {
    const move = brokerMoved('127.0.0.1', 9092)(4711);
    const said = Buffer.concat([frame(named(9092)), frame(named(9093)), frame(named(9092))]);
    const heard: Buffer[] = [];
    for (let at = 0; at < said.length; at += piece) heard.push(move(said.subarray(at, at + piece)));
    const expected = Buffer.concat([frame(named(4711)), frame(named(9093)), frame(named(4711))]);
    expect(Buffer.concat(heard)).toEqual(expected);
  });

  it('leaves fetched records alone, and does not hold them back', () => {
    const move = brokerMoved('127.0.0.1', 9092)(4711);
    const records = frame(Buffer.concat([named(9092), Buffer.alloc(100_000)]));
    expect(move(records.subarray(0, 50_000))).toEqual(records.subarray(0, 50_000));
    expect(move(records.subarray(50_000))).toEqual(records.subarray(50_000));
    expect(move(frame(named(9092)))).toEqual(frame(named(4711)));
  });
});

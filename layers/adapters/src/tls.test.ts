/**
 * TLS clients against a server with an unexpected certificate: each must refuse it before it sends
 * a byte. The server reads and keeps everything that arrives.
 */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  BasicConstraintsExtension,
  type JsonGeneralName,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { connectCassandra } from './cassandra/index.ts';
import { kafkaLog } from './kafka/index.ts';
import type { TlsOptions } from './tls.ts';
import { webHdfs } from './webhdfs/index.ts';

const PASSWORD = 'the-password-that-must-not-arrive';
const DAY_MS = 86_400_000;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const crypto = webcrypto;

interface Authority {
  readonly pem: string;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly name: string;
}

const keyPair = () => crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
const pemOf = async ({ privateKey }: webcrypto.CryptoKeyPair) => {
  const bytes = Buffer.from(await crypto.subtle.exportKey('pkcs8', privateKey));
  return `-----BEGIN PRIVATE KEY-----\n${bytes.toString('base64')}\n-----END PRIVATE KEY-----\n`;
};

async function authority(name: string): Promise<Authority> {
  const keys = await keyPair();
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: '01',
      name,
      keys,
      signingAlgorithm: ALGORITHM,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + DAY_MS),
      extensions: [new BasicConstraintsExtension(true, undefined, true)],
    },
    crypto,
  );
  return { pem: certificate.toString('pem'), keys, name };
}

async function certified(
  { keys: { privateKey: signingKey }, name: issuer }: Authority,
  names: JsonGeneralName[],
  notAfterMs: number,
): Promise<{ cert: string; key: string }> {
  const keys = await keyPair();
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: '02',
      issuer,
      subject: 'CN=server',
      signingKey,
      publicKey: keys.publicKey,
      signingAlgorithm: ALGORITHM,
      notBefore: new Date(Date.now() - 2 * DAY_MS),
      notAfter: new Date(notAfterMs),
      extensions: [new SubjectAlternativeNameExtension(names)],
    },
    crypto,
  );
  return { cert: certificate.toString('pem'), key: await pemOf(keys) };
}

let trusted: Authority;
let stranger: Authority;
let server: Server;
let received: Buffer[] = [];

beforeAll(async () => {
  [trusted, stranger] = await Promise.all([authority('CN=trusted'), authority('CN=stranger')]);
});

afterEach(() => new Promise((resolve) => server.close(resolve)));

/** Takes any bytes, and ends the connection at the first of them. */
async function serve(identity: { cert: string; key: string }): Promise<number> {
  received = [];
  server = createServer(identity, (socket: TLSSocket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      received.push(bytes);
      socket.destroy();
    });
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const credentials = { username: 'somebody', password: PASSWORD };
const clients = {
  Cassandra: async (port: number, tls: TlsOptions) => {
    const contactPoints = [`127.0.0.1:${port}`];
    const client = await connectCassandra({ contactPoints, keyspace: 'x', credentials, tls, requestTimeoutMs: 2_000 });
    await client.close();
  },
  Kafka: async (port: number, tls: TlsOptions) => {
    const log = kafkaLog({ brokers: [`127.0.0.1:${port}`], topic: 'x', credentials, tls, retryTimeoutMs: 1_000 });
    try {
      await log.topicId();
    } finally {
      await log.close();
    }
  },
};

const address: JsonGeneralName[] = [{ type: 'ip', value: '127.0.0.1' }];
const soon = () => Date.now() + DAY_MS;

describe.each(['Cassandra', 'Kafka'] as const)('%s over TLS', (name) => {
  const attempt = async (port: number, tls: TlsOptions): Promise<Error & { readonly code?: string }> => {
    const error = await clients[name](port, tls).then(
      () => null,
      (thrown) => thrown,
    );
    if (error === null) throw new Error('a server that says nothing was taken for the right one');
    return error;
  };

  it.each([
    ['a wrong authority', () => certified(stranger, address, soon()), /not trusted/],
    ['a wrong name', () => certified(trusted, [{ type: 'dns', value: 'other.example' }], soon()), /another name/],
    ['an expired certificate', () => certified(trusted, address, Date.now() - DAY_MS), /expired/],
  ] as const)('refuses %s, and sends nothing', async (_, identity, reason) => {
    const port = await serve(await identity());
    const error = await attempt(port, { ca: trusted.pem });
    expect(error).toMatchObject({ code: 'BIFOLD_CERTIFICATE_REFUSED' });
    expect(error.message).toMatch(reason);
    expect(received).toEqual([]);
  });

  it('trusts the authorities of the system where none is named', async () => {
    const port = await serve(await certified(trusted, address, soon()));
    expect(await attempt(port, {})).toMatchObject({ code: 'BIFOLD_CERTIFICATE_REFUSED' });
    expect(received).toEqual([]);
  });

  it('speaks to the server of the right authority and address, or of the name that is configured', async () => {
    const byAddress = await serve(await certified(trusted, address, soon()));
    expect((await attempt(byAddress, { ca: trusted.pem })).code).not.toBe('BIFOLD_CERTIFICATE_REFUSED');
    expect(received.length).toBeGreaterThan(0);
    await new Promise((resolve) => server.close(resolve));
    const byName = await serve(await certified(trusted, [{ type: 'dns', value: 'db.example' }], soon()));
    const tls = { ca: trusted.pem, serverName: 'db.example' };
    expect((await attempt(byName, tls)).code).not.toBe('BIFOLD_CERTIFICATE_REFUSED');
    expect(received.length).toBeGreaterThan(0);
  });
});

describe('WebHDFS over TLS', () => {
  it('names a certificate that it refuses', async () => {
    const port = await serve(await certified(stranger, address, soon()));
    const hdfs = webHdfs({ endpoint: `https://127.0.0.1:${port}` });
    await expect(hdfs.list('/')).rejects.toMatchObject({ code: 'BIFOLD_CERTIFICATE_REFUSED' });
    expect(received).toEqual([]);
  });
});

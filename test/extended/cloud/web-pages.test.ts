import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateFunctionCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { type Cloud, emulatorService, ensureSoftware, openCloud } from '@bifold/cloud';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { findBrowser, openBrowser } from '../../integration/local/browser.ts';
import {
  attackByRawRequests,
  attackFromPage,
  attackFromReboundPage,
  REBOUND,
  sendRaw,
  type Target,
  VICTIM,
} from '../../integration/local/web-attacks.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const softwareDir = join(root, '.bifold', 'software');

/** The emulator as it is started, without its guard. */
const UNGUARDED = `
import sys
sys.path.insert(0, ${JSON.stringify(join(root, 'infra', 'cloud', 'software'))})
import emulator
emulator.main([patch for patch in emulator.PATCHES if patch is not emulator.patch_request_guard])
`;

/** A local emulator with a function that writes down who invoked it. */
interface Attacked extends Target {
  readonly cloud: Cloud;
  readonly s3: S3Client;
  /** The effects of attacks: functions and queues that they created, and invocations. */
  achieved(): Promise<readonly string[]>;
}

async function attacked(folder: string, name: 'emulator' | 'unguarded'): Promise<Attacked> {
  const stateDir = join(folder, name);
  const software = await ensureSoftware({ ...(await openCloud({ root, stateDir, softwareDir })).paths });
  const cloud = await openCloud({
    root,
    stateDir,
    softwareDir,
    only: [name],
    extraServices: ({ ports }, paths) => [
      { ...emulatorService(paths, ports, software), name: 'unguarded', args: ['-B', '-c', UNGUARDED] },
    ],
  });
  await cloud.up();
  const { endpoint, region, accessKeyId, secretAccessKey } = cloud.addresses.aws;
  const credentials = { accessKeyId, secretAccessKey };
  const lambda = new LambdaClient({ endpoint, region, credentials });
  const journal = join(folder, `${name}.journal`);
  const code = zipOf(folder, software.python, journal);
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: VICTIM,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Code: { ZipFile: code },
      Role: 'arn:aws:iam::000000000000:role/any',
    }),
  );
  const port = cloud.addresses.ports.emulator;
  return {
    cloud,
    port,
    code: code.toString('base64'),
    s3: new S3Client({ endpoint, region, credentials, forcePathStyle: true }),
    async achieved() {
      const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
      const queues = await sendRaw(port, '/?Action=ListQueues&Version=2012-11-05', {});
      return [
        ...Functions.map(({ FunctionName }) => FunctionName ?? '').filter((made) => made !== VICTIM),
        ...Array.from(queues.body.matchAll(/made-by-[a-z-]+/g), ([queue]) => queue),
        ...(existsSync(journal) ? readFileSync(journal, 'utf8').trim().split('\n') : []),
      ].sort();
    },
  };
}

function zipOf(folder: string, python: string, journal: string): Buffer {
  const code = `require('node:fs').appendFileSync(${JSON.stringify(journal)}, 'invoked by ' + event.by + '\\n')`;
  writeFileSync(join(folder, 'index.js'), `exports.handler = async (event) => { ${code}; };\n`);
  execFileSync(python, ['-m', 'zipfile', '-c', 'index.zip', 'index.js'], { cwd: folder });
  return readFileSync(join(folder, 'index.zip'));
}

let folder: string;
let guarded: Attacked;
let unguarded: Attacked;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bifold-web-'));
  [guarded, unguarded] = await Promise.all([attacked(folder, 'emulator'), attacked(folder, 'unguarded')]);
});
afterAll(async () => {
  await Promise.all([guarded, unguarded].map(({ cloud }) => cloud.down({ deleteData: true })));
  rmSync(folder, { recursive: true });
});

describe('requests with the headers of a web page', () => {
  const ATTACKS = [
    'invoked by raw',
    'invoked by raw-rebound',
    'invoked by raw-sandbox',
    'made-by-raw',
    'made-by-raw-image',
  ];

  const WEB_SOCKET = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    'sec-websocket-version': '13',
  };

  it('make and invoke functions where nothing guards the emulator, and nothing where it is guarded', async () => {
    const before = await guarded.achieved();
    await attackByRawRequests(unguarded);
    expect(await unguarded.achieved()).toEqual(expect.arrayContaining(ATTACKS));
    await attackByRawRequests(guarded);
    expect(await guarded.achieved()).toEqual(before);
  });

  it('are refused with what was received and what is allowed', async () => {
    const { status, headers, body } = await sendRaw(guarded.port, '/_ministack/health', {
      headers: { origin: 'http://evil.example' },
    });
    expect([status, headers['access-control-allow-origin']]).toEqual([403, undefined]);
    expect(JSON.parse(body)).toMatchObject({
      code: 'BIFOLD_FOREIGN_REQUEST',
      received: 'Origin: http://evil.example',
      allowed: expect.stringContaining(`http://127.0.0.1:${guarded.port}`),
      message: expect.stringContaining('[BIFOLD_FOREIGN_REQUEST]'),
    });
  });

  it.each([
    ['a name that only begins like ours', { host: '127.0.0.1.evil.example:PORT' }],
    ['a name that only ends like ours', { host: 'evil-localhost:PORT' }],
    ['no port in the host', { host: 'localhost' }],
    ['a name in front of the address', { host: 'bucket.127.0.0.1:PORT' }],
    ['another port in the origin', { origin: 'http://localhost:1' }],
    ['another scheme in the origin', { origin: 'https://127.0.0.1:PORT' }],
    ['a name below localhost in the origin', { origin: 'http://bucket.localhost:PORT' }],
    ['a preflight of a foreign page', { origin: 'http://evil.example', 'access-control-request-method': 'PUT' }],
    ['an image of another port', { 'sec-fetch-site': 'same-site' }],
    ['a WebSocket', { ...WEB_SOCKET, origin: 'http://evil.example' }],
  ])('are refused: %s', async (_, headers) => {
    const method = 'access-control-request-method' in headers ? 'OPTIONS' : 'GET';
    const answer = await sendRaw(guarded.port, '/_ministack/health', { method, headers: ported(headers) });
    expect(answer.status).toBe(403);
  });

  it.each([
    ['an SDK', {}],
    ['localhost', { host: 'localhost:PORT' }],
    ['the port of a proxy on this machine', { host: '127.0.0.1:1' }],
    ['IPv6', { host: '[::1]:PORT' }],
    ['a bucket in the host', { host: 'bucket.s3.localhost:PORT' }],
    ['an address typed into a browser', { 'sec-fetch-site': 'none' }],
    ['a page of the emulator itself', { origin: 'http://127.0.0.1:PORT', 'sec-fetch-site': 'same-origin' }],
  ])('pass: %s, and no answer may be shared with pages', async (_, headers) => {
    const answer = await sendRaw(guarded.port, '/_ministack/health', { headers: ported(headers) });
    expect(answer.status).not.toBe(403);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
  });

  it('are told apart from those of an SDK, in the path and in the host', async () => {
    const { s3 } = guarded;
    await s3.send(new CreateBucketCommand({ Bucket: 'kept' }));
    await s3.send(new PutObjectCommand({ Bucket: 'kept', Key: 'k', Body: 'value' }));
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'kept', Key: 'k' }));
    expect(await Body?.transformToString()).toBe('value');
  });

  function ported(headers: Readonly<Record<string, string>>): Record<string, string> {
    const own = String(guarded.port);
    return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.replace('PORT', own)]));
  }
});

const found = findBrowser();
const missing = 'missing' in found ? found.missing : null;
if (missing !== null) process.stderr.write(`web pages are not tried in a browser: ${missing}\n`);

(missing === null ? describe : describe.skip)('web pages in a browser', () => {
  const ATTACKS = ['invoked by fetch', 'invoked by form', 'invoked by rebound', 'made-by-fetch', 'made-by-image'];
  let browser: Browser;
  let site: Server;
  let origin: string;

  beforeAll(async () => {
    site = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<body>a site</body>'));
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    browser = await openBrowser('path' in found ? found.path : '', REBOUND);
  });
  afterAll(async () => {
    await browser.close();
    site.close();
  });

  it('make and invoke functions and read answers where nothing guards the emulator', async () => {
    const read = [await attackFromPage(browser, origin, unguarded), await attackFromReboundPage(browser, unguarded)];
    expect(read).toEqual(Array(2).fill(expect.stringContaining('ListQueuesResult')));
    expect(await unguarded.achieved()).toEqual(expect.arrayContaining(ATTACKS));
  });

  it('achieve nothing and read nothing where it is guarded', async () => {
    const before = await guarded.achieved();
    const read = [await attackFromPage(browser, origin, guarded), await attackFromReboundPage(browser, guarded)];
    // A foreign page may not read the refusal either; to a rebound page it is a response of its own
    // server.
    expect(read).toEqual(['', expect.stringContaining('BIFOLD_FOREIGN_REQUEST')]);
    expect(await guarded.achieved()).toEqual(before);
  });
});

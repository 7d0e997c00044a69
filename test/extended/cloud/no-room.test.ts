import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { cloudPaths, ensureSoftware } from '@bifold/cloud';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { until } from '../../integration/local/bifold.ts';

/**
 * The emulator where no file may grow beyond some kilobytes, which is a disk without room for more.
 */

const FILE_KIB_MAX = 64;
const root = fileURLToPath(new URL('../../../', import.meta.url));
const Bucket = 'full';
const large = Buffer.alloc(4 * 1024 * FILE_KIB_MAX, 1);

let folder: string;
let port: number;
let emulator: ChildProcess;
let s3: S3Client;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bifold-no-room-'));
  port = await freePort();
  s3 = new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    forcePathStyle: true,
    maxAttempts: 1,
  });
  emulator = await start(`ulimit -f ${FILE_KIB_MAX}`);
  await s3.send(new CreateBucketCommand({ Bucket }));
});

afterEach(async () => {
  await kill();
  s3.destroy();
  rmSync(folder, { recursive: true, force: true });
});

async function start(limit: string): Promise<ChildProcess> {
  const { python } = await ensureSoftware(cloudPaths({ root }), () => undefined);
  mkdirSync(join(folder, 's3'), { recursive: true });
  const program = join(root, 'infra', 'cloud', 'software', 'emulator.py');
  const child = spawn('bash', ['-c', `${limit}; exec "${python}" "${program}"`], {
    stdio: 'ignore',
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      TMPDIR: folder,
      BIND_HOST: '127.0.0.1',
      IOT_MTLS_ENABLED: '0',
      GATEWAY_PORT: String(port),
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
      S3_PERSIST: '1',
      S3_DATA_DIR: join(folder, 's3'),
      STATE_DIR: join(folder, 'state'),
    },
  });
  await until(
    'the emulator',
    () =>
      fetch(`http://127.0.0.1:${port}/_ministack/health`).then(
        ({ ok }) => ok,
        () => false,
      ),
    (answers) => answers,
  );
  return child;
}

async function kill(): Promise<void> {
  const ended = new Promise((resolve) => emulator.once('exit', resolve));
  if (emulator.exitCode === null && emulator.signalCode === null) {
    emulator.kill('SIGKILL');
    await ended;
  }
}

const create = (Key: string, Body: Buffer) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body, IfNoneMatch: '*', Metadata: { end: '7' } }));

it('an object that found no room is refused, and can be created when there is some', async () => {
  await expect(create('large', large)).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } });
  await expect(s3.send(new HeadObjectCommand({ Bucket, Key: 'large' }))).rejects.toMatchObject({ name: 'NotFound' });
  await create('small', Buffer.from('some'));

  await kill();
  emulator = await start('true');
  await expect(s3.send(new HeadObjectCommand({ Bucket, Key: 'large' }))).rejects.toMatchObject({ name: 'NotFound' });
  const kept = await s3.send(new GetObjectCommand({ Bucket, Key: 'small' }));
  expect(kept.Metadata).toEqual({ end: '7' });
  expect(await kept.Body?.transformToString()).toBe('some');

  await create('large', large);
  await kill();
  emulator = await start('true');
  expect((await s3.send(new HeadObjectCommand({ Bucket, Key: 'large' }))).ContentLength).toBe(large.length);
});

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port: 0, host: '127.0.0.1' }, () => {
      const { port: free } = server.address() as { port: number };
      server.close(() => resolve(free));
    });
  });
}

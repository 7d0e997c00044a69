/** HDFS as a part of the local cloud, alone: what is written stays, the archive's contract, files in and out of streams and commands, and kill -9. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bucket, openBucket, s3Archive, s3Views } from '@bifold/adapters/s3';
import { webHdfs, webHdfsAddress } from '@bifold/adapters/webhdfs';
import { type Cloud, openCloud } from '@bifold/cloud';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { archiveContract } from '../contract/archive-store.ts';
import { type Bifold, bifoldIn } from './local/bifold.ts';

jest.setTimeout(180_000);

const root = join(import.meta.dirname, '..', '..');
let bifold: Bifold;
let cloud: Cloud;
let address: string;
let bucket: Bucket;
let folder: string;

const open = () =>
  openCloud({
    ...{ root, stateDir: bifold.stateDir, softwareDir: join(root, '.bifold', 'software') },
    ...{ withHdfs: true, only: ['namenode', 'datanode'] },
  });
const text = async (path: string): Promise<string> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of webHdfs(webHdfsAddress(address)).open(path)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};
const states = async () => Object.fromEntries((await cloud.status()).map(({ name, state }) => [name, state]));

beforeAll(async () => {
  bifold = bifoldIn('hdfs');
  await bifold.run('down', '--delete');
  cloud = await open();
  await cloud.up();
  address = cloud.addresses.hdfs?.address ?? '';
  bucket = openBucket(`${address}/bifold`);
  folder = mkdtempSync(join(tmpdir(), 'bifold-hdfs-'));
});
afterAll(async () => {
  await cloud.down({ deleteData: true });
  rmSync(folder, { recursive: true, force: true });
});

archiveContract('HDFS', async (scope) => ({
  archive: s3Archive(bucket, scope),
  views: s3Views(bucket, scope),
  remove: (key) => bucket.deleteAll(key),
  exists: async (key) => (await bucket.head(key)) !== null,
}));

describe('a file of HDFS', () => {
  const local = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };

  it('is created once, and who comes later finds the first one', async () => {
    const [ours, theirs] = [local('ours', 'ours'), local('theirs', 'theirs')];
    expect(await bucket.create('once/a file', ours, { by: 'ü' })).toEqual({ kind: 'created' });
    expect(await bucket.create('once/a file', theirs, { by: 'them' })).toEqual({ kind: 'exists' });
    expect([await bucket.head('once/a file'), await bucket.head('once/none')]).toEqual([{ by: 'ü' }, null]);
    expect(await text('/bifold/once/a file')).toBe('ours');
    // What stood aside is gone.
    expect(await webHdfs(webHdfsAddress(address)).list('/bifold/_temporary')).toEqual([]);
    await bucket.put('once/a file', theirs, {});
    expect([await text('/bifold/once/a file'), await bucket.head('once/a file')]).toEqual(['theirs', {}]);
  });

  it('is found by the beginning of its key, and by its folder', async () => {
    for (const key of ['list/b', 'list/a/1', 'list/a/2', 'list-not/c']) await bucket.put(key, local('x', key), {});
    expect(await bucket.list('list/')).toEqual(['list/a/1', 'list/a/2', 'list/b']);
    expect(await bucket.list('list')).toEqual(['list-not/c', 'list/a/1', 'list/a/2', 'list/b']);
    expect([await bucket.list('none/'), await bucket.folders('list/')]).toEqual([[], ['a']]);
  });

  it('is there after kill -9 of both processes, which the next up repairs', async () => {
    await bucket.put('kept', local('kept', 'kept'), { as: 'it was' });
    for (const name of ['datanode', 'namenode']) await cloud.kill(name);
    expect(await states()).toEqual({ namenode: 'down', datanode: 'down' });
    cloud = await open();
    expect(await cloud.up()).toMatchObject({ started: ['namenode', 'datanode'] });
    expect(await states()).toEqual({ namenode: 'up', datanode: 'up' });
    expect([await text('/bifold/kept'), await bucket.head('kept')]).toEqual(['kept', { as: 'it was' }]);
    expect(await cloud.up()).toMatchObject({ started: [] });
  });
});

describe('commands', () => {
  const run = async (...args: string[]): Promise<string> => {
    const { status, stdout, stderr } = await bifold.run(...args);
    if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}\n${stderr}`);
    return stdout;
  };

  it('convert a file of HDFS to one of HDFS', async () => {
    const csv = join(folder, 'orders.csv');
    writeFileSync(csv, 'id,total\n1,2.50\n2,3.00\n');
    await run('convert', csv, `${address}/orders/orders.jsonl`);
    expect(await text('/orders/orders.jsonl')).toBe('{"id":1,"total":2.50}\n{"id":2,"total":3.00}\n');
    await run('convert', `${address}/orders/orders.jsonl`, `${address}/orders/orders.parquet`);
    expect((await run('convert', `${address}/orders/orders.parquet`, '--to', 'csv')).trim().split('\n')).toHaveLength(
      3,
    );
  });

  it('run a stream from a folder of HDFS into one, each file once', async () => {
    const file = join(root, '.bifold', 'test', 'hdfs', 'orders.ts');
    writeFileSync(
      file,
      `import { availableNow, defineStream, files } from '@bifold/runner';
import * as z from 'zod';
export default defineStream({
  name: 'orders',
  from: files({ path: '${address}/in', format: 'csv', schema: z.object({ day: z.string(), n: z.int() }), maxFilesPerTrigger: 1 }),
  trigger: availableNow(),
  sinks: [files({ path: '${address}/out', format: 'csv', partitionBy: ['day'] })],
});
`,
    );
    const missing = await bifold.run('run', file);
    expect([missing.status, missing.stderr]).toEqual([3, expect.stringContaining('BIFOLD_FOLDER_MISSING')]);
    const drop = openBucket(`${address}/in`);
    await drop.put('1.csv', local('day,n\nmon,1\ntue,2\n'), {});
    await drop.put('sub/2.csv', local('day,n\nmon,3\n'), {});
    await run('run', file);
    await drop.put('3.csv', local('day,n\ntue,4\nwed,none\n'), {});
    await run('run', file);
    const out = openBucket(`${address}/out`);
    const keys = await out.list('');
    expect(keys.map((key) => key.replace(/orders-[0-9a-f]{8}-/, ''))).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^day=mon\/00000000/),
        expect.stringMatching(/^day=tue\/00000002/),
      ]),
    );
    const rows = await Promise.all(keys.map((key) => text(`/out/${key}`)));
    const numbers = rows.flatMap((lines) => lines.trim().split('\n').slice(1)).map(Number);
    expect(numbers.toSorted()).toEqual([1, 2, 3, 4]);
    await drop.put('1.csv', local('day,n\nmon,9\n'), {});
    await run('run', file);
    expect(await run('checkpoint', 'show', 'orders')).toMatch(/3\.csv:3 {2}invalid: n/);
  });

  const local = (content: string): string => {
    const path = join(folder, 'input');
    writeFileSync(path, content);
    return path;
  };
});

it('down leaves no process, and with its data no port', async () => {
  expect((await bifold.run('down', '--delete')).status).toBe(0);
  expect(await states()).toEqual({ namenode: 'down', datanode: 'down' });
  expect(existsSync(join(bifold.stateDir, 'hdfs-ports.json'))).toBe(false);
  expect(() => readFileSync(join(bifold.stateDir, 'data', 'hdfs-name'))).toThrow();
});

/**
 * HDFS as a part of the local cloud, alone: what is written stays, the archive's contract, files in
 * and out of streams and commands, and kill -9.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bucket, openBucket, s3Archive, s3Publications, s3Views } from '@bifold/adapters/s3';
import { webHdfs, webHdfsAddress } from '@bifold/adapters/webhdfs';
import { type Cloud, openCloud } from '@bifold/cloud';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { archiveContract } from '../../contract/archive-store.ts';
import { publicationStoreContract } from '../../contract/publication-store.ts';
import { type Bifold, bifoldIn } from '../../integration/local/bifold.ts';

const root = join(import.meta.dirname, '..', '..', '..');
let bifold: Bifold;
let cloud: Cloud;
let address: string;
let bucket: Bucket;
let folder: string;

const open = () =>
  openCloud({
    root,
    stateDir: bifold.stateDir,
    softwareDir: join(root, '.bifold', 'software'),
    withHdfs: true,
    only: ['namenode', 'datanode'],
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

publicationStoreContract('HDFS', async (scope) => s3Publications(bucket, scope));
archiveContract('HDFS', async (scope) => ({
  archive: s3Archive(bucket, scope),
  views: s3Views(bucket, scope),
  remove: (key) => bucket.deleteAll(key),
  exists: async (key) => (await bucket.head(key)) !== null,
}));

describe('a web page', () => {
  /**
   * The headers of every browser in requests that a page may send to another origin without
   * preflight.
   */
  const asBrowser = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0', 'content-type': 'text/plain' };
  const FOLDER = '/webhdfs/v1/made-by-a-page';
  const statusOf = async (service: string, port: string, method: string, path: string, headers = {}) => {
    const at = (await cloud.status()).find(({ name }) => name === service)?.ports[port];
    return (await fetch(`http://127.0.0.1:${at}${path}&user.name=bifold`, { method, headers })).status;
  };

  it.each([
    ['makes no folder', 'namenode', 'webhdfs', 'PUT', `${FOLDER}?op=MKDIRS`],
    ['creates no file', 'namenode', 'webhdfs', 'PUT', `${FOLDER}/file?op=CREATE&noredirect=true`],
    ['deletes nothing', 'namenode', 'webhdfs', 'DELETE', `${FOLDER}?op=DELETE&recursive=true`],
    ['reads nothing', 'namenode', 'webhdfs', 'GET', '/webhdfs/v1/?op=LISTSTATUS'],
    ['reads no block', 'datanode', 'http', 'GET', `${FOLDER}/file?op=OPEN&offset=0`],
  ])('%s by WebHDFS', async (_, service, port, method, path) => {
    expect(await statusOf(service, port, method, path, asBrowser)).toBe(400);
  });

  it('is told from a program, which makes a folder and reads', async () => {
    expect(await statusOf('namenode', 'webhdfs', 'GET', `${FOLDER}?op=GETFILESTATUS`)).toBe(404);
    expect(await statusOf('namenode', 'webhdfs', 'PUT', `${FOLDER}?op=MKDIRS`)).toBe(200);
    expect(await statusOf('namenode', 'webhdfs', 'GET', `${FOLDER}?op=GETFILESTATUS`)).toBe(200);
  });
});

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
    // The temporary files are gone.
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
      `import { field } from '@bifold/core';
import { availableNow, defineStream, files } from '@bifold/streams';
import * as z from 'zod';
export default defineStream({
  name: 'orders',
  from: files({ path: '${address}/in', format: 'csv', schema: z.object({ at: z.string(), n: z.int() }), maxFilesPerTrigger: 1 }),
  derive: { date: field('at').substring(0, 10) },
  trigger: availableNow(),
  sinks: [files({ path: '${address}/out', format: 'parquet', partitionBy: ['date'] })],
});
`,
    );
    const missing = await bifold.run('run', file);
    expect([missing.status, missing.stderr]).toEqual([3, expect.stringContaining('BIFOLD_FOLDER_MISSING')]);
    const drop = openBucket(`${address}/in`);
    await drop.put('1.csv', local('at,n\n2026-01-05T08:00,1\n2026-01-06T08:00,2\n'), {});
    await drop.put('sub/2.csv', local('at,n\n2026-01-05T09:00,3\n'), {});
    await run('run', file);
    await drop.put('3.csv', local('at,n\n2026-01-06T09:00,4\n2026-01-07T09:00,none\n'), {});
    await run('run', file);
    const byDate = `SELECT date, list(n ORDER BY n)::text AS n FROM '${address}/out' GROUP BY ALL ORDER BY 1`;
    const wanted = '{"date":"2026-01-05","n":"[1, 3]"}\n{"date":"2026-01-06","n":"[2, 4]"}\n';
    expect(await run('sql', byDate, '--json')).toBe(wanted);
    expect(await openBucket(`${address}/out`).list('')).toContainEqual(
      expect.stringMatching(/^date=2026-01-06\/orders-/),
    );
    // A file that is known is not read again, also when another one has taken its place.
    await drop.put('1.csv', local('at,n\n2026-01-05T10:00,9\n'), {});
    await run('run', file);
    expect(await run('sql', byDate, '--json')).toBe(wanted);
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

import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { webHdfs, webHdfsAddress } from './webhdfs.ts';

/**
 * The protocol as the WebHDFS documentation writes it: what a NameNode answers, and a DataNode
 * after its redirect.
 */

let server: Server | null = null;
afterEach(async () => {
  await new Promise((resolve) => (server === null ? resolve(null) : server.close(resolve)));
  server = null;
});

async function serving(listener: RequestListener): Promise<string> {
  const started = createServer(listener);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(started.address() as AddressInfo).port}`;
}

const status = (pathSuffix: string, type = 'FILE') => ({
  pathSuffix,
  type,
  length: 3,
  modificationTime: 1_320_173_277_227,
});

describe('WebHDFS', () => {
  it('lists a folder by name, and a file as itself', async () => {
    const asked: (string | undefined)[] = [];
    const endpoint = await serving(({ url }, response) => {
      asked.push(url);
      const found = url?.includes('/file')
        ? [status('')]
        : [status('b.csv'), status('sub', 'DIRECTORY'), status('a b.csv')];
      response.end(JSON.stringify({ FileStatuses: { FileStatus: found } }));
    });
    const hdfs = webHdfs({ endpoint, user: 'me' });
    expect((await hdfs.list('/user/me/')).map(({ path, type }) => [path, type])).toEqual([
      ['/user/me/a b.csv', 'file'],
      ['/user/me/b.csv', 'file'],
      ['/user/me/sub', 'folder'],
    ]);
    expect(await hdfs.list('/user/ü/file')).toEqual([
      { name: 'file', path: '/user/ü/file', type: 'file', sizeBytes: 3, modifiedAtMs: 1_320_173_277_227 },
    ]);
    expect(asked).toEqual([
      '/webhdfs/v1/user/me?op=LISTSTATUS&user.name=me',
      '/webhdfs/v1/user/%C3%BC/file?op=LISTSTATUS&user.name=me',
    ]);
  });

  it('opens a file where it is redirected to', async () => {
    const endpoint = await serving(({ url, headers }, response) => {
      if (url?.startsWith('/webhdfs/v1/data?op=OPEN&offset=2'))
        response.writeHead(307, { location: `http://${headers.host}/datanode` }).end();
      else response.end('rows');
    });
    const chunks: Uint8Array[] = [];
    for await (const chunk of webHdfs({ endpoint }).open('/data', 2)) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe('rows');
  });

  it('takes a connection that ends early for an error', async () => {
    const endpoint = await serving((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('rows', () => response.destroy());
    });
    const reading = async () => {
      for await (const chunk of webHdfs({ endpoint }).open('/data')) expect(chunk.length).toBeGreaterThan(0);
    };
    await expect(reading()).rejects.toMatchObject({ code: 'BIFOLD_HDFS_AWAY' });
  });

  it('tells what HDFS refuses, and that nothing answers', async () => {
    const endpoint = await serving((_, response) => {
      const RemoteException = { exception: 'FileNotFoundException', message: 'File /x does not exist.\n at x' };
      response.writeHead(404).end(JSON.stringify({ RemoteException }));
    });
    await expect(webHdfs({ endpoint }).list('/x')).rejects.toMatchObject({
      code: 'BIFOLD_HDFS_REFUSED',
      explanation: { received: 'HTTP 404, FileNotFoundException: File /x does not exist.' },
    });
    await expect(webHdfs({ endpoint: 'http://127.0.0.1:1' }).list('/x')).rejects.toMatchObject({
      code: 'BIFOLD_HDFS_AWAY',
    });
  });

  it.each([
    ['hdfs://namenode/user/me', 'http://namenode:9870', '/user/me'],
    ['hdfs://namenode:50070/a b', 'http://namenode:50070', '/a b'],
    ['webhdfs://namenode:1234', 'http://namenode:1234', '/'],
    ['swebhdfs://namenode:9871/x', 'https://namenode:9871', '/x'],
  ])('%s is at %s', (address, endpoint, path) => {
    expect(webHdfsAddress(address)).toEqual({ endpoint, path });
  });

  it('refuses an address without a NameNode', () => {
    expect(() => webHdfsAddress('hdfs:///user/me')).toThrow(/hdfs:\/\/namenode\/path/);
  });
});

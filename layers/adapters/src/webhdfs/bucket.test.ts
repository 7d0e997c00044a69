import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { hdfsBucket } from './bucket.ts';

/** The NameNode's response to the rename. All other requests succeed. */
let renamed: (response: ServerResponse) => void;
let asked: string[];
let address: string;

const json = (response: ServerResponse, status: number, answer: object) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
const refusal = (status: number, exception: string) => (response: ServerResponse) =>
  json(response, status, { RemoteException: { exception, message: 'no' } });

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '', 'http://x');
  const op = url.searchParams.get('op') ?? 'bytes';
  asked.push(op);
  request.resume();
  request.on('end', () => {
    switch (op) {
      case 'CREATE':
        return json(response, 200, { Location: `http://${request.headers.host}/datanode` });
      case 'bytes':
        // A DataNode says so without being asked.
        response.writeContinue();
        return response.writeHead(201).end();
      case 'RENAME':
        return renamed(response);
      default:
        return json(response, 200, { boolean: true });
    }
  });
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `hdfs://127.0.0.1:${(server.address() as AddressInfo).port}/archive`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const WRITTEN = ['CREATE', 'bytes', 'SETXATTR', 'MKDIRS', 'RENAME'];

it.each<[string, (response: ServerResponse) => void, string, readonly string[]]>([
  ['is done', (response) => response.end(), 'created', WRITTEN],
  ['finds another one', refusal(403, 'FileAlreadyExistsException'), 'exists', [...WRITTEN, 'DELETE']],
  ['gets no answer', (response) => response.destroy(), 'unknown', WRITTEN],
  ['comes to a NameNode that has just started', refusal(403, 'SafeModeException'), 'unknown', WRITTEN],
])('a file whose rename %s', async (_, answer, kind, operations) => {
  [renamed, asked] = [answer, []];
  expect(await hdfsBucket({ address }).create('0/1.parquet', import.meta.filename, {})).toMatchObject({ kind });
  expect(asked).toEqual(operations);
});

it('a refusal is an answer: nothing was created', async () => {
  [renamed, asked] = [refusal(403, 'AccessControlException'), []];
  await expect(hdfsBucket({ address }).create('0/1.parquet', import.meta.filename, {})).rejects.toMatchObject({
    code: 'BIFOLD_HDFS_REFUSED',
    explanation: { received: 'HTTP 403, AccessControlException: no' },
  });
});

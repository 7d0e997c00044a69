import { request, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serveState } from './state-server.ts';

let server: Server;
let port: number;
beforeAll(async () => {
  const state = { lambdaApi: { reachable: true, reason: null }, mappings: [] };
  ({ server, port } = await serveState(0, () => state));
});
afterAll(() => {
  server.close();
});

/** `fetch` would choose some of these headers itself. */
const statusWith = (headers: Readonly<Record<string, string>>) =>
  new Promise<number>((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path: '/state', headers }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.once('error', reject).end();
  });

describe('the state of the trigger', () => {
  it.each([
    ['a program', {}],
    ['a program that says localhost', { host: 'localhost:PORT' }],
    ['an address typed into a browser', { 'sec-fetch-site': 'none' }],
    ['its own page', { origin: 'http://127.0.0.1:PORT', 'sec-fetch-site': 'same-origin' }],
  ])('answers %s', async (_, headers) => {
    expect(await statusWith(withPort(headers))).toBe(200);
  });

  it.each([
    ['a page of another port', { origin: 'http://127.0.0.1:1' }],
    ['a page without an address', { origin: 'null' }],
    ['a name that was pointed to this machine', { host: 'rebound.example:PORT' }],
    ['a name that only begins like ours', { host: '127.0.0.1.rebound.example:PORT' }],
    ['another port in its host', { host: '127.0.0.1:1' }],
    ['an image on another site', { 'sec-fetch-site': 'cross-site' }],
    ['an image on another port', { 'sec-fetch-site': 'same-site' }],
  ])('refuses %s', async (_, headers) => {
    expect(await statusWith(withPort(headers))).toBe(403);
  });
});

function withPort(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value.replace('PORT', String(port))]),
  );
}

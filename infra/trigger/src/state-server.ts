import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TriggerState } from './state.ts';

/**
 * The evidence that a web page sent a request: the header and its value. Null for every other
 * request. A name that a site owns can resolve to 127.0.0.1, which shows in the host. `same-site`
 * covers every port of this machine, so it is foreign too.
 */
function foreign({ headers, socket }: IncomingMessage): { readonly header: string; readonly value: string } | null {
  const addresses = ['127.0.0.1', 'localhost'].map((name) => `${name}:${socket.localPort}`);
  const { host = 'none', origin, 'sec-fetch-site': site } = headers;
  if (!addresses.includes(host.toLowerCase())) return { header: 'Host', value: host };
  if (origin !== undefined && !addresses.some((address) => origin === `http://${address}`))
    return { header: 'Origin', value: origin };
  if (site !== undefined && site !== 'none' && site !== 'same-origin')
    return { header: 'Sec-Fetch-Site', value: String(site) };
  return null;
}

/**
 * `GET /state`: the state as JSON. `GET /health`: 200 once the mappings were read for the first
 * time, else 503.
 */
export async function serveState(port: number, read: () => TriggerState): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    const found = foreign(request);
    const state = read();
    const isReady = state.lambdaApi.reachable !== null;
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
    };
    if (found !== null)
      answer(403, {
        code: 'TRIGGER_FOREIGN_REQUEST',
        failed: 'the state of the trigger is not shown to web pages',
        received: `${found.header}: ${found.value.slice(0, 200)}`,
        allowed: 'requests of programs, and of pages that the trigger itself serves',
        remedy: 'send the request from a program',
      });
    else if (request.url === '/state') answer(200, state);
    else if (request.url === '/health') answer(isReady ? 200 : 503, { ready: isReady, lambdaApi: state.lambdaApi });
    else answer(404, { allowed: ['/state', '/health'] });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return { server, port: (server.address() as AddressInfo).port };
}

import { createConnection } from 'node:net';
import { loopback } from './ports.ts';

export type HealthReport =
  | { readonly healthy: true; readonly detail: string }
  | { readonly healthy: false; readonly detail: string };

/** The timeout of a probe. A service on a loaded machine may be slow and still healthy. */
export const patienceMs = 15_000;

/**
 * Sends one request over TCP, and returns the first response that `read` accepts (undefined: more
 * bytes are needed). It shows that a server speaks its protocol, without a driver and its retries.
 */
export const askOverTcp = (
  port: number,
  question: Buffer,
  read: (answer: Buffer) => HealthReport | undefined,
): Promise<HealthReport> =>
  new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const socket = createConnection({ port, host: loopback });
    const end = (report: HealthReport) => {
      socket.destroy();
      resolve(report);
    };
    socket.setTimeout(patienceMs, () =>
      end({ healthy: false, detail: `no answer on port ${port} in ${patienceMs} ms` }),
    );
    socket.on('connect', () => socket.write(question));
    socket.on('error', (error) => end({ healthy: false, detail: error.message }));
    socket.on('close', () => end({ healthy: false, detail: `port ${port} closed the connection` }));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const report = read(received);
      if (report !== undefined) end(report);
    });
  });

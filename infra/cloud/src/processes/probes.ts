import { createConnection } from 'node:net';
import { loopback } from './ports.ts';

export type HealthReport =
  | { readonly healthy: true; readonly detail: string }
  | { readonly healthy: false; readonly detail: string };

/** The timeout of a probe. A service of a loaded machine answers late, and is no less healthy. */
export const patienceMs = 15_000;

/**
 * One question over TCP, and the first answer that `read` can make sense of (undefined: more bytes
 * are needed). Enough to see that a server speaks its protocol, without a driver that has its own
 * opinions on retries.
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

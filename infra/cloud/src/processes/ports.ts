import { createServer } from 'node:net';
import { CloudError } from '../errors.ts';
import { readJson, writeOnce } from '../files.ts';

export const loopback = '127.0.0.1';

const portNames = [
  'kafka',
  'kafkaInternal',
  'kafkaController',
  'cassandra',
  'cassandraStorage',
  'cassandraJmx',
  'emulator',
] as const;
export type PortName = (typeof portNames)[number];
export type Ports = Readonly<Record<PortName, number>>;

const hdfsPortNames = ['nameNode', 'webHdfs', 'dataNode', 'dataNodeHttp', 'dataNodeIpc'] as const;
export type HdfsPorts = Readonly<Record<(typeof hdfsPortNames)[number], number>>;

/**
 * Below the ephemeral ports of Linux (from 32768) and macOS (from 49152). Otherwise an outgoing
 * connection could take a stored port while the cloud is down.
 */
const range = { first: 20_000, last: 31_999 } as const;

/** True if the port is free. */
const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: loopback, exclusive: true }, () => server.close(() => resolve(true)));
  });

const allocate = async <N extends string>(
  names: readonly N[],
  others: readonly number[],
  random: () => number,
): Promise<Readonly<Record<N, number>>> => {
  const taken = new Set<number>(others);
  const ports: Partial<Record<N, number>> = {};
  for (const name of names) {
    for (let tries = 0; ports[name] === undefined; tries += 1) {
      if (tries === 1000)
        throw new CloudError('BIFOLD_PORTS_EXHAUSTED', {
          failed: 'choosing ports for the local cloud',
          received: `no free port in 1000 tries between ${range.first} and ${range.last}`,
          allowed: `${names.length} free ports on ${loopback}`,
          remedy: 'stop some of the programs that listen (`ss -ltnp` or `lsof -iTCP -sTCP:LISTEN` lists them)',
        });
      const port = range.first + Math.floor(random() * (range.last - range.first + 1));
      if (taken.has(port) || !(await isFree(port))) continue;
      taken.add(port);
      ports[name] = port;
    }
  }
  return ports as Record<N, number>;
};

/**
 * Chooses ports once and stores them, so that addresses in deployed functions stay valid after
 * restarts.
 */
export const savedPorts = (portsFile: string, random: () => number = Math.random): Promise<Ports> =>
  portsSavedIn(portsFile, portNames, [], random);

/** The same for HDFS, whose ports are chosen at its first start. */
export const savedHdfsPorts = (portsFile: string, others: readonly number[]): Promise<HdfsPorts> =>
  portsSavedIn(portsFile, hdfsPortNames, others);

/**
 * The same for ports of these names. `others` are reserved ports, even if nothing listens on them.
 */
export const portsSavedIn = async <N extends string>(
  portsFile: string,
  names: readonly N[],
  others: readonly number[],
  random: () => number = Math.random,
): Promise<Readonly<Record<N, number>>> => {
  const known = readJson<Record<N, number>>(portsFile);
  if (known !== undefined) return known;
  const ports = await allocate(names, others, random);
  if (writeOnce(portsFile, `${JSON.stringify(ports, null, 2)}\n`)) return ports;
  return readJson<Record<N, number>>(portsFile) ?? ports;
};

/**
 * Checks that a service's ports are free. They never change silently, because deployed functions
 * know them.
 * @throws CloudError BIFOLD_PORT_TAKEN
 */
export const assertFree = async (service: string, ports: Readonly<Record<string, number>>, portsFile: string) => {
  for (const [name, port] of Object.entries(ports)) {
    if (await isFree(port)) continue;
    throw new CloudError('BIFOLD_PORT_TAKEN', {
      failed: `starting ${service} on its port ${port} (${name})`,
      received: 'another program listens there',
      allowed: `the ports saved in ${portsFile}, free for this cloud`,
      remedy: `stop that program (\`ss -ltnp 'sport = :${port}'\` or \`lsof -iTCP:${port}\` names it), or delete ${portsFile} to choose new ports and deploy again`,
    });
  }
};

import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { type Cloud, ensureSoftware, fetchJars, openCloud } from '@bifold/cloud';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'cassandra-driver';
import { Kafka, logLevel } from 'kafkajs';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const names = ['cassandra', 'emulator', 'kafka'];

let stateDir: string;
let cloud: Cloud;
beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'bifold-cloud-'));
  cloud = await openCloud({ root, stateDir, softwareDir: join(root, '.bifold', 'software') });
});
afterAll(async () => {
  await cloud.down({ deleteData: true });
  rmSync(stateDir, { recursive: true, force: true });
});

const pids = async () => Object.fromEntries((await cloud.status()).map(({ name, pid }) => [name, pid]));
const states = async () => Object.fromEntries((await cloud.status()).map(({ name, state }) => [name, state]));
const all = (state: string) => Object.fromEntries(names.map((name) => [name, state]));

const kafka = () => {
  const { brokersSasl, username, password } = cloud.addresses.kafka;
  return new Kafka({
    brokers: [brokersSasl],
    sasl: { mechanism: 'scram-sha-512', username, password },
    logLevel: logLevel.NOTHING,
  });
};
const s3 = () => {
  const { endpoint, region, accessKeyId, secretAccessKey } = cloud.addresses.aws;
  return new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
};
const cql = async <T>(work: (client: Client) => Promise<T>): Promise<T> => {
  const { contactPoints, port, localDataCenter } = cloud.addresses.cassandra;
  const client = new Client({ contactPoints: [...contactPoints], localDataCenter, protocolOptions: { port } });
  try {
    return await work(client);
  } finally {
    await client.shutdown();
  }
};

const write = async () => {
  const admin = kafka().admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 1, replicationFactor: 1 }] });
  await admin.disconnect();
  const producer = kafka().producer();
  await producer.connect();
  await producer.send({ topic: 'kept', acks: -1, messages: [{ key: 'k', value: 'from kafka' }] });
  await producer.disconnect();
  await s3().send(new CreateBucketCommand({ Bucket: 'kept' }));
  await s3().send(new PutObjectCommand({ Bucket: 'kept', Key: 'k', Body: 'from s3' }));
  await cql(async (client) => {
    await client.execute(
      "create keyspace kept with replication = {'class': 'NetworkTopologyStrategy', 'datacenter1': 1}",
    );
    await client.execute('create table kept.t (k text primary key, v text)');
    await client.execute("insert into kept.t (k, v) values ('k', 'from cassandra')");
  });
};

const read = async () => {
  const consumer = kafka().consumer({ groupId: `reader-${process.hrtime.bigint()}` });
  await consumer.connect();
  await consumer.subscribe({ topic: 'kept', fromBeginning: true });
  const record = await new Promise<string>((resolve, reject) => {
    consumer.run({ eachMessage: async ({ message }) => resolve(message.value?.toString() ?? '') }).catch(reject);
  });
  await consumer.disconnect();
  const object = await s3().send(new GetObjectCommand({ Bucket: 'kept', Key: 'k' }));
  const rows = await cql((client) => client.execute("select v from kept.t where k = 'k'"));
  return [record, await object.Body?.transformToString(), rows.first()?.get('v')];
};
const written = ['from kafka', 'from s3', 'from cassandra'];

/** Processes that carry the mark of this cloud, found without the code under test. */
const ours = (): number[] =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`BIFOLD_STATE=${stateDir}`);
      } catch {
        return false;
      }
    })
    .map(Number);

/** Addresses, as the kernel writes them, on which these processes listen. */
const listenedOn = (processes: readonly number[]): string[] => {
  const sockets = new Set(
    processes.flatMap((pid) =>
      readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
        try {
          return [/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? ''];
        } catch {
          return [];
        }
      }),
    ),
  );
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .filter(existsSync)
    .flatMap((table) => readFileSync(table, 'utf8').trim().split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === '0A' && sockets.has(fields[9] ?? ''))
    .map((fields) => fields[1]?.split(':')[0] ?? '');
};
const loopback4 = '0100007F';
const loopback4in6 = '0000000000000000FFFF00000100007F';
const onLinux = process.platform === 'linux' ? it : it.skip;

describe('a local cloud', () => {
  it('starts, and starts nothing twice', async () => {
    expect(await states()).toEqual(all('down'));
    const { started } = await cloud.up();
    expect([...started].sort()).toEqual(names);
    expect(await states()).toEqual(all('up'));
    const before = await pids();
    expect((await cloud.up()).started).toEqual([]);
    expect(await pids()).toEqual(before);
  });

  onLinux('listens on loopback alone', () => {
    const addresses = new Set(listenedOn(ours()));
    expect(addresses.size).toBeGreaterThan(0);
    for (const address of addresses) expect([loopback4, loopback4in6]).toContain(address);
  });

  it('is closed to other users of the machine, also where its folder was open before', async () => {
    const secretsFile = join(stateDir, 'secrets.json');
    chmodSync(stateDir, 0o755);
    chmodSync(secretsFile, 0o644);
    await openCloud({ root, stateDir, softwareDir: join(root, '.bifold', 'software') });
    const rights = (path: string) => (statSync(path).mode & 0o777).toString(8);
    expect([rights(stateDir), rights(secretsFile)]).toEqual(['700', '600']);
  });

  onLinux('shows no password in the command line of a process, which every user can read', () => {
    const { password } = cloud.addresses.kafka;
    const commandLines = ours().map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
    expect(commandLines.length).toBeGreaterThanOrEqual(names.length);
    expect(commandLines.filter((line) => line.includes(password))).toEqual([]);
  });

  it('refuses a wrong Kafka password', async () => {
    const { brokersSasl, username } = cloud.addresses.kafka;
    const admin = new Kafka({
      brokers: [brokersSasl],
      sasl: { mechanism: 'scram-sha-512', username, password: 'wrong' },
      logLevel: logLevel.NOTHING,
      retry: { retries: 0 },
    }).admin();
    await expect(admin.connect()).rejects.toThrow(/authentication/i);
    await admin.disconnect();
  });

  it('keeps what was acknowledged when every service is killed, and is repaired by the next up', async () => {
    await write();
    expect(await read()).toEqual(written);
    await cloud.checkpoint();
    await Promise.all(names.map((name) => cloud.kill(name)));
    expect(await states()).toEqual(all('down'));
    expect([...(await cloud.up()).started].sort()).toEqual(names);
    expect(await states()).toEqual(all('up'));
    expect(await read()).toEqual(written);
  });

  it('says which service hangs, and replaces it', async () => {
    const before = (await pids()).emulator;
    await cloud.kill('emulator', 'SIGSTOP');
    expect((await states()).emulator).toBe('unhealthy');
    await cloud.kill('emulator', 'SIGKILL');
    expect((await cloud.up()).started).toEqual(['emulator']);
    expect((await pids()).emulator).not.toBe(before);
  });

  onLinux('leaves no process when it is stopped, and no data when told so', async () => {
    await cloud.down();
    expect(ours()).toEqual([]);
    expect(existsSync(join(stateDir, 'data'))).toBe(true);
    await cloud.down({ deleteData: true });
    expect(readdirSync(stateDir).sort()).toEqual(['ports.json', 'secrets.json']);
  });
});

describe('its software', () => {
  it('is found installed, without a step of an installation', async () => {
    await ensureSoftware(cloud.paths);
    const steps: unknown[] = [];
    await ensureSoftware(cloud.paths, (event) => steps.push(event));
    expect(steps).toEqual([]);
  });

  it('refuses a jar that is not the locked one, byte for byte', async () => {
    const { python } = await ensureSoftware(cloud.paths);
    const dir = mkdtempSync(join(tmpdir(), 'bifold-jars-'));
    const lock = join(dir, 'lock.json');
    const locked = (sha256: string) =>
      writeFileSync(lock, JSON.stringify({ sample: { roots: [], jars: { 'javax.inject:javax.inject:1': sha256 } } }));
    const jar = join(dir, 'jars', 'sample', 'javax.inject+javax.inject+1.jar');
    try {
      locked('0'.repeat(64));
      await expect(fetchJars(python, lock, join(dir, 'jars'))).rejects.toMatchObject({
        code: 'BIFOLD_SOFTWARE_TAMPERED',
      });
      expect(existsSync(jar)).toBe(false);
      locked('91c77044a50c481636c32d916fd89c9118a72195390452c81065080f957de7ff');
      await fetchJars(python, lock, join(dir, 'jars'));
      writeFileSync(jar, 'changed on this disk');
      await fetchJars(python, lock, join(dir, 'jars'));
      expect(readFileSync(jar).length).toBeGreaterThan(1_000);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

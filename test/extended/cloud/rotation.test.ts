import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  type CassandraClient,
  connectCassandra,
  createTables,
  kafkaAdmin,
  kafkaLog,
  kafkaLogWriter,
  lookupStore,
  secretCredentials,
} from '@bifold/adapters';
import { type Cloud, openCloud } from '@bifold/cloud';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import cassandra from 'cassandra-driver';
import { brokerMoved } from '../../chaos/world/kafka-addresses.ts';
import { startProxy, type TcpProxy } from '../../chaos/world/proxy.ts';
import { bifoldIn, sharedBifold, until } from '../../integration/local/bifold.ts';
import { setScramPassword } from '../../integration/local/scram.ts';

/**
 * Clients that outlive the password they began with. Each goes through a proxy that resets its
 * connections, so that it has to log in again, as it must when a broker or a node restarts.
 */

const root = join(import.meta.dirname, '../../..');
const suffix = randomBytes(4).toString('hex');
const freshPassword = (): string => randomBytes(12).toString('hex');

let cloud: Cloud;
let secrets: SecretsManagerClient;

beforeAll(async () => {
  const { stateDir } = await sharedBifold();
  cloud = await openCloud({ root, stateDir });
  const { endpoint, region, accessKeyId, secretAccessKey } = cloud.addresses.aws;
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  });
  secrets = new SecretsManagerClient({});
});

afterAll(() => secrets?.destroy());

async function createSecret(name: string, username: string, password: string): Promise<string> {
  const SecretString = JSON.stringify({ username, password });
  const { ARN = '' } = await secrets.send(new CreateSecretCommand({ Name: name, SecretString }));
  return ARN;
}

async function changeSecret(SecretId: string, username: string, password: string): Promise<void> {
  const SecretString = JSON.stringify({ username, password });
  await secrets.send(new PutSecretValueCommand({ SecretId, SecretString }));
}

/** Resets every open connection, and says how many there were. */
function reset(proxy: TcpProxy): number {
  const open = proxy.connections();
  proxy.begin({ kind: 'cut' });
  proxy.end();
  return open;
}

describe('a client of Kafka', () => {
  const topic = `rotation-${suffix}`;
  const username = `rotating-${suffix}`;
  const first = freshPassword();
  let secretArn: string;
  let proxy: TcpProxy;
  let log: ReturnType<typeof kafkaLog>;
  let writer: ReturnType<typeof kafkaLogWriter>;
  beforeAll(async () => {
    const { brokersInternal } = cloud.addresses.kafka;
    const admin = kafkaAdmin({ brokers: [brokersInternal] });
    await admin.createTopic(topic, 1, {});
    await admin.close();
    await setScramPassword(brokersInternal, username, first);
    secretArn = await createSecret(`kafka-${suffix}`, username, first);
    const targetPort = cloud.addresses.ports.kafka;
    proxy = await startProxy({ name: 'kafka', targetPort, rewrite: brokerMoved('127.0.0.1', targetPort) });
    const options = {
      brokers: [`127.0.0.1:${proxy.port}`],
      credentials: secretCredentials(secretArn, { refusalPauseMs: 0 }),
      topic,
    };
    log = kafkaLog(options);
    writer = kafkaLogWriter(options);
  });

  afterAll(async () => {
    await log?.close();
    await writer?.close();
    await proxy?.close();
  });

  const append = (text: string): Promise<void> =>
    writer.append([{ partition: 0, timestampMs: Date.now(), key: null, value: Buffer.from(text), headers: [] }]);

  const readAll = async (): Promise<readonly string[]> => {
    const { start, end } = await log.bounds(0);
    const { records } = await log.read(0, start, end, 1024 * 1024);
    return records.map(({ value }) => Buffer.from(value ?? []).toString());
  };

  it('writes and reads on with the new password, and loses nothing', async () => {
    await append('before');
    await expect(readAll()).resolves.toEqual(['before']);
    const second = freshPassword();
    await setScramPassword(cloud.addresses.kafka.brokersInternal, username, second);
    await changeSecret(secretArn, username, second);
    expect(reset(proxy)).toBeGreaterThan(0);
    await append('after');
    await expect(readAll()).resolves.toEqual(['before', 'after']);
  });

  it('says that its credentials are refused while the secret is behind, and works once it has caught up', async () => {
    const third = freshPassword();
    await setScramPassword(cloud.addresses.kafka.brokersInternal, username, third);
    reset(proxy);
    await expect(append('lost?')).rejects.toMatchObject({ code: 'BIFOLD_KAFKA_REFUSED' });
    await changeSecret(secretArn, username, third);
    await append('found');
    await expect(readAll()).resolves.toEqual(['before', 'after', 'found']);
  });
});

describe('a client of Cassandra', () => {
  const username = 'rotating';
  let own: Cloud;
  let proxy: TcpProxy;
  let superuser: cassandra.Client;
  let client: CassandraClient;
  let secretArn: string;

  beforeAll(async () => {
    const { stateDir, env } = bifoldIn('rotation');
    own = await openCloud({
      root,
      stateDir,
      softwareDir: String(env.BIFOLD_SOFTWARE_DIR),
      only: ['cassandra'],
      cassandraSettings: 'authenticator: PasswordAuthenticator\nauthorizer: CassandraAuthorizer\n',
    });
    await own.up();
    const { port, localDataCenter } = own.addresses.cassandra;
    superuser = new cassandra.Client({
      contactPoints: [`127.0.0.1:${port}`],
      localDataCenter,
      credentials: { username: 'cassandra', password: 'cassandra' },
    });
    // Cassandra makes its first user a while after it answers.
    await until(
      'the first user',
      () =>
        superuser.connect().then(
          () => true,
          () => false,
        ),
      (isConnected) => isConnected,
    );
    const password = freshPassword();
    await superuser.execute(
      `CREATE ROLE ${username} WITH PASSWORD = '${password}' AND LOGIN = true AND SUPERUSER = true`,
    );
    secretArn = await createSecret(`cassandra-${suffix}`, username, password);
    proxy = await startProxy({ name: 'cassandra', targetPort: port });
    client = await connectCassandra({
      contactPoints: [`127.0.0.1:${proxy.port}`],
      localDataCenter,
      keyspace: 'rotation',
      credentials: secretCredentials(secretArn, { refusalPauseMs: 0 }),
    });
    await createTables(client, 1);
  });

  afterAll(async () => {
    await client?.close();
    await superuser?.shutdown();
    await proxy?.close();
    await own?.down({ deleteData: true });
  });

  const load = (version: string): Promise<void> =>
    lookupStore(client).load('rotation', version, new Map([['["a"]', { version }]]));

  it('writes on with the new password', async () => {
    await load('1');
    const password = freshPassword();
    await superuser.execute(`ALTER ROLE ${username} WITH PASSWORD = '${password}'`);
    await changeSecret(secretArn, username, password);
    expect(reset(proxy)).toBeGreaterThan(0);
    // The driver opens its connections again by itself, and fails requests until then: functions
    // are invoked again.
    await until(
      'a write',
      () => load('2').then(() => null, String),
      (failure) => failure === null,
    );
    await expect(lookupStore(client).currentVersion('rotation')).resolves.toBe('2');
  });
});

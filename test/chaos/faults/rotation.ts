import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { setScramPassword } from '../../integration/local/scram.ts';
import type { ChaosCloud } from '../world/cloud.ts';
import { type Fault, hit, missed, plural } from './fault.ts';

const LOGIN_WITHIN_MS = 20_000;
const KAFKA_SECRET = 'bifold/kafka';

/**
 * Kafka's new password, where functions and the trigger find it, and where `up` would take it from.
 */
async function changePassword({ addresses, stateDir }: ChaosCloud): Promise<void> {
  const file = join(stateDir, 'secrets.json');
  const secrets = JSON.parse(readFileSync(file, 'utf8')) as { kafka: { username: string; password: string } };
  const { username } = secrets.kafka;
  const password = randomBytes(24).toString('hex');
  await setScramPassword(addresses.kafka.brokersInternal, username, password);
  writeFileSync(file, `${JSON.stringify({ ...secrets, kafka: { username, password } }, null, 2)}\n`);
  const { endpoint, region, accessKeyId, secretAccessKey } = addresses.aws;
  const client = new SecretsManagerClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  try {
    const SecretString = JSON.stringify({ username, password });
    await client.send(new PutSecretValueCommand({ SecretId: KAFKA_SECRET, SecretString }));
  } finally {
    client.destroy();
  }
}

/**
 * The brokers take another password while records flow, and every connection to them is reset, so
 * that functions and trigger must log in again. It hits if the trigger's connections came back, and
 * records are folded on.
 */
const secrets: Fault = {
  kind: 'rotate secrets',
  holds: ['services', 'trigger-kafka', 'functions-kafka'],
  async strike(world, stream) {
    const before = await world.busy(stream);
    if (before === null) return missed('no batch was in flight');
    await changePassword(world.cloud);
    const links = [world.links['trigger-kafka'], world.links['functions-kafka']];
    const open = links.reduce((total, link) => total + link.connections(), 0);
    for (const link of links) {
      link.begin({ kind: 'cut' });
      link.end();
    }
    const after = await world.mappingWhen(
      stream,
      ({ assignments, invocations }) => assignments > before.assignments && invocations > before.invocations,
      LOGIN_WITHIN_MS,
    );
    const what = `${plural(open, 'connection')} reset`;
    return after === null ? missed(`${what}, and the trigger was not seen to log in again`) : hit(what);
  },
};

export const rotations: readonly Fault[] = [secrets];

import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { AdapterError } from '../errors.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

const known = new Map<string, Promise<Credentials>>();

/** A secret of the form `{"username": ..., "password": ...}`, asked for once per process; a failure is forgotten, so that the next call asks again. */
export function readCredentials(secretArn: string): Promise<Credentials> {
  const begun = known.get(secretArn);
  if (begun !== undefined) return begun;
  const reading = read(secretArn);
  known.set(secretArn, reading);
  reading.catch(() => known.delete(secretArn));
  return reading;
}

async function read(secretArn: string): Promise<Credentials> {
  const client = new SecretsManagerClient({});
  try {
    const { SecretString: text } = await client.send(new GetSecretValueCommand({ SecretId: secretArn }));
    const { username, password } = JSON.parse(text ?? 'null') ?? {};
    if (typeof username === 'string' && typeof password === 'string') return { username, password };
  } catch (cause) {
    throw unreadable(secretArn, cause instanceof SyntaxError ? 'text that is not JSON' : String(cause), cause);
  } finally {
    client.destroy();
  }
  throw unreadable(secretArn, 'JSON without a username and a password', undefined);
}

/** Never quotes the secret. */
function unreadable(secretArn: string, received: string, cause: unknown): AdapterError {
  return new AdapterError(
    'BIFOLD_SECRET_UNREADABLE',
    {
      failed: `reading the secret ${secretArn}`,
      received,
      allowed: 'a secret {"username": ..., "password": ...} that this role may read',
      remedy: 'correct the secret, its name, or the rights of the role',
    },
    // A parser's error would quote what it could not parse.
    cause instanceof SyntaxError ? undefined : { cause },
  );
}

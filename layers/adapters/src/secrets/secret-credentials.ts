import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { areSameCredentials, type Credentials, type CredentialsSource } from '../credentials.ts';
import { AdapterError } from '../errors.ts';

export interface SecretOptions {
  /** The age at which a value is read again. Milliseconds. */
  readonly maxAgeMs?: number;
  /**
   * The least time between two readings after refusals, so that a wrong secret is not read at each
   * attempt.
   */
  readonly refusalPauseMs?: number;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
  readonly read?: (secretArn: string) => Promise<Credentials>;
}

const MAX_AGE_MS = 5 * 60_000;
const REFUSAL_PAUSE_MS = 1_000;

interface Reading {
  readonly startedAtMs: number;
  readonly value: Promise<Credentials>;
  /** Set when a service refused the value. The secret is read again as soon as the pause allows. */
  isRefused: boolean;
}

/**
 * The credentials of a secret `{"username": ..., "password": ...}`. It is read when credentials are
 * first needed, when the last value is older than `maxAgeMs`, and when a service refused that
 * value. While the secret cannot be read, the last value is used: a service that accepts it needs
 * no other.
 *
 * @example
 * const credentials = secretCredentials(secretArn);
 * const client = await connectCassandra({ contactPoints, keyspace, credentials });
 */
export function secretCredentials(secretArn: string, options: SecretOptions = {}): CredentialsSource {
  const { maxAgeMs = MAX_AGE_MS, refusalPauseMs = REFUSAL_PAUSE_MS } = options;
  const { now = () => performance.now(), read = readCredentials } = options;
  let latest: Reading | null = null;

  /** Concurrent callers share one read. If it fails, the previous value stays. */
  const readAgain = (): Promise<Credentials> => {
    const before = latest;
    const reading: Reading = { startedAtMs: now(), value: read(secretArn), isRefused: false };
    latest = reading;
    reading.value.catch(() => {
      if (latest === reading) latest = before;
    });
    return reading.value;
  };

  return {
    async current() {
      const cached = latest;
      const ageMaxMs = cached?.isRefused ? refusalPauseMs : maxAgeMs;
      if (cached !== null && now() - cached.startedAtMs < ageMaxMs) return cached.value;
      try {
        return await readAgain();
      } catch (error) {
        if (cached === null) throw error;
        return cached.value;
      }
    },

    async refused(credentials) {
      const cached = latest;
      if (cached === null || now() - cached.startedAtMs >= refusalPauseMs)
        return !areSameCredentials(await readAgain(), credentials);
      cached.isRefused = areSameCredentials(await cached.value, credentials);
      return !cached.isRefused;
    },
  };
}

async function readCredentials(secretArn: string): Promise<Credentials> {
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

/** The error never quotes the secret. */
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

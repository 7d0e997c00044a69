import cassandra from 'cassandra-driver';
import type { Credentials, CredentialsSource } from '../credentials.ts';

type Callback = (error: Error | null, token?: Buffer) => void;

/**
 * Reads the credentials from the source whenever a connection is opened. The driver opens
 * connections by itself and does not report a refused one: credentials that an endpoint has not
 * accepted count as refused at its next connection.
 */
export class SourcedAuthentication extends cassandra.auth.PlainTextAuthProvider {
  readonly #source: CredentialsSource;
  /** By endpoint, credentials that were sent and not accepted yet. */
  readonly #unproven = new Map<string, Credentials>();

  constructor(source: CredentialsSource) {
    super('', '');
    this.#source = source;
  }

  override newAuthenticator(endpoint: string): cassandra.auth.Authenticator {
    return {
      initialResponse: (callback: Callback) => {
        this.#credentialsFor(endpoint).then(
          ({ username, password }) => callback(null, Buffer.from(`\0${username}\0${password}`)),
          (error: Error) => callback(error),
        );
      },
      evaluateChallenge: (_challenge: Buffer, callback: Callback) => callback(null),
      onAuthenticationSuccess: () => {
        this.#unproven.delete(endpoint);
      },
    };
  }

  /** Reports to the source all credentials that were sent and not accepted. */
  async refuseUnproven(): Promise<void> {
    const sent = [...this.#unproven.values()];
    this.#unproven.clear();
    await Promise.allSettled(sent.map((credentials) => this.#source.refused(credentials)));
  }

  async #credentialsFor(endpoint: string): Promise<Credentials> {
    const unproven = this.#unproven.get(endpoint);
    // If the secret cannot be read now, the cached credentials are tried: the service says whether
    // they are wrong.
    if (unproven !== undefined) await this.#source.refused(unproven).catch(() => false);
    const credentials = await this.#source.current();
    this.#unproven.set(endpoint, credentials);
    return credentials;
  }
}

import cassandra from 'cassandra-driver';
import type { Credentials, CredentialsSource } from '../credentials.ts';

type Callback = (error: Error | null, token?: Buffer) => void;

/**
 * Logs in with what the source has when a connection is opened. The driver opens connections by
 * itself, and says nothing of one that was refused: credentials that were never accepted at an
 * endpoint count as refused when it is tried again.
 */
export class SourcedAuthentication extends cassandra.auth.PlainTextAuthProvider {
  readonly #source: CredentialsSource;
  /** By endpoint, what was sent and has not been accepted. */
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

  /** Tells the source of all that was sent and not accepted. */
  async refuseUnproven(): Promise<void> {
    const sent = [...this.#unproven.values()];
    this.#unproven.clear();
    await Promise.allSettled(sent.map((credentials) => this.#source.refused(credentials)));
  }

  async #credentialsFor(endpoint: string): Promise<Credentials> {
    const before = this.#unproven.get(endpoint);
    // If the secret cannot be read now, what is known is tried: the service says whether it is
    // wrong.
    if (before !== undefined) await this.#source.refused(before).catch(() => false);
    const credentials = await this.#source.current();
    this.#unproven.set(endpoint, credentials);
    return credentials;
  }
}

/** A user of Kafka or Cassandra. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/**
 * Credentials for a client, read at each new connection, because a secret may be rotated while the
 * client lives. Open connections stay as they are, since the service has accepted them.
 */
export interface CredentialsSource {
  current(): Promise<Credentials>;
  /**
   * Reports that a service refused some credentials.
   * @returns whether there are others now, so that another attempt makes sense
   */
  refused(credentials: Credentials): Promise<boolean>;
}

/** Credentials that never change, such as those of a command line. */
function fixedCredentials(credentials: Credentials): CredentialsSource {
  return { current: async () => credentials, refused: async () => false };
}

/** The source of credentials that are given as a value or as a source. */
export function sourceOfCredentials(credentials: Credentials | CredentialsSource): CredentialsSource {
  return 'current' in credentials ? credentials : fixedCredentials(credentials);
}

export function areSameCredentials(left: Credentials, right: Credentials): boolean {
  return left.username === right.username && left.password === right.password;
}

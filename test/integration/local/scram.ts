import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { alterUserScramCredentialsV0, Connection } from '@platformatic/kafka';

const SCRAM_SHA_512 = 2;
const ITERATIONS = 4096;

/** Sets the only password of a broker user, and creates the user if needed. */
export async function setScramPassword(broker: string, name: string, password: string): Promise<void> {
  const [host = '', port = ''] = broker.split(':');
  const connection = new Connection('scram');
  await connection.connect(host, Number(port));
  try {
    const salt = randomBytes(16);
    const saltedPassword = pbkdf2Sync(password, salt, ITERATIONS, 64, 'sha512');
    const upsertion = { name, mechanism: SCRAM_SHA_512, iterations: ITERATIONS, salt, saltedPassword };
    await alterUserScramCredentialsV0.api.async(connection, [], [upsertion]);
  } finally {
    await connection.close();
  }
}

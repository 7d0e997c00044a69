import { randomBytes } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { readJson, writeOnce } from './files.ts';

/** Secrets that are created once on this machine. Only the owner can read them. */
export interface Secrets {
  readonly kafka: { readonly username: string; readonly password: string };
}

export const savedSecrets = (secretsFile: string): Secrets => {
  const saved = readJson<Secrets>(secretsFile);
  if (saved !== undefined) {
    // A copied or restored file may have wider rights.
    chmodSync(secretsFile, 0o600);
    return saved;
  }
  const secrets: Secrets = { kafka: { username: 'bifold', password: randomBytes(24).toString('hex') } };
  if (writeOnce(secretsFile, `${JSON.stringify(secrets, null, 2)}\n`, 0o600)) return secrets;
  return readJson<Secrets>(secretsFile) ?? secrets;
};

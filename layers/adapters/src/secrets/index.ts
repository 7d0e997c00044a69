export type { CredentialsSource } from '../credentials.ts';
export { type SecretOptions, secretCredentials } from './secret-credentials.ts';

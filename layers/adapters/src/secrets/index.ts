export { type Credentials, readCredentials } from './credentials.ts';

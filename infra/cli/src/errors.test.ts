import { AdapterError, InputError } from '@bifold/adapters/errors';
import { expect, it } from '@jest/globals';
import { EXIT, exitStatusOf } from './errors.ts';

const PARTS = { failed: 'it failed', received: 'this', allowed: 'that', remedy: 'do so' };

it('ends with the status of a usage error where every repetition of the input would fail', () => {
  expect(exitStatusOf(new InputError('BIFOLD_SQL_INVALID', PARTS))).toBe(EXIT.usage);
});

it('ends with another status where a service failed', () => {
  expect(exitStatusOf(new AdapterError('BIFOLD_CASSANDRA_AWAY', PARTS))).toBe(EXIT.failed);
});

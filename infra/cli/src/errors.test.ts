import { readFileSync } from 'node:fs';
import { AdapterError, InputError } from '@bifold/adapters/errors';
import { expect, it } from '@jest/globals';
import { EXIT, exitStatusOf, explainError } from './errors.ts';

const PARTS = { failed: 'it failed', received: 'this', allowed: 'that', remedy: 'do so' };

it('ends with the status of a usage error where every repetition of the input would fail', () => {
  expect(exitStatusOf(new InputError('BIFOLD_SQL_INVALID', PARTS))).toBe(EXIT.usage);
});

it('ends with another status where a service failed', () => {
  expect(exitStatusOf(new AdapterError('BIFOLD_CASSANDRA_AWAY', PARTS))).toBe(EXIT.failed);
});

it('explains a file that is not there in four parts, as an error of the input', () => {
  const error = caught(() => readFileSync('/nowhere/rows.csv'));
  expect(exitStatusOf(error)).toBe(EXIT.usage);
  const text = explainError(error);
  for (const part of ['/nowhere/rows.csv', 'no such file', 'expected', 'correct the path'])
    expect(text).toContain(part);
  expect(text).not.toContain('BIFOLD_UNEXPECTED');
});

it.each(['EACCES', 'EISDIR', 'EROFS'])('ends with the status of a usage error for %s', (code) => {
  expect(exitStatusOf(Object.assign(new Error(code), { code, syscall: 'open', path: '/x' }))).toBe(EXIT.usage);
});

it('gives advice on space for a full disk, which is no error of the input', () => {
  const error = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' });
  expect(exitStatusOf(error)).toBe(EXIT.failed);
  expect(explainError(error)).toContain('free space');
});

it('does not take a program that is missing, or a service that is away, for a missing file', () => {
  for (const [code, syscall] of [
    ['ENOENT', 'spawn java'],
    ['ECONNREFUSED', 'connect'],
  ])
    expect(exitStatusOf(Object.assign(new Error(code), { code, syscall }))).toBe(EXIT.failed);
});

function caught(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

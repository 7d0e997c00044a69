import { expect, it } from '@jest/globals';
import { clusterIdOf } from './kafka.ts';

it('makes cluster ids that no command line takes for an option', () => {
  const dashed = Buffer.alloc(16, 0xfb);
  expect(dashed.toString('base64url')).toMatch(/^-/);
  expect(clusterIdOf(dashed)).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/);
  expect(clusterIdOf(Buffer.alloc(16))).toBe('AAAAAAAAAAAAAAAAAAAAAA');
});

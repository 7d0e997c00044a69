import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { root } from './run.ts';

/** A number after the body of a test or hook: its own time limit, which a busy machine misses. */
const OWN_LIMIT = /^\s*\},\s*[\d_]+,?\s*\);/m;

it('no test has a time limit of its own: test/patience.ts has the only ones', () => {
  const files = globSync('{cdk,examples,functions,infra,layers,test}/**/*.test.ts', {
    cwd: root,
    exclude: ['**/node_modules/**', 'test/planted/**'],
  });
  expect(files.length).toBeGreaterThan(150);
  expect(files.filter((file) => OWN_LIMIT.test(readFileSync(join(root, file), 'utf8')))).toEqual([]);
});

it('and one is seen', () => {
  expect("it('waits', async () => {\n  await end;\n}, 60_000);\n").toMatch(OWN_LIMIT);
  expect("it('waits', async () => {\n  await end;\n});\n").not.toMatch(OWN_LIMIT);
});

import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { BUNDLED_ROLES } from '../names.ts';
import { bundleHandlers } from './bundle.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const bundles = await bundleHandlers(root);

describe('bundles', () => {
  it.each(BUNDLED_ROLES)('%s loads by itself, with nothing installed beside it', (role) => {
    const { folder, native } = bundles[role];
    expect(existsSync(join(folder, 'index.mjs.map'))).toBe(true);
    // Native packages come from a layer; the layers of Lambda are on NODE_PATH.
    const environment = {
      PATH: process.env.PATH,
      AWS_REGION: 'us-east-1',
      BIFOLD_PIPELINE: 'none',
      ...(native ? { NODE_PATH: join(root, 'node_modules') } : {}),
    };
    const program = `import(${JSON.stringify(join(folder, 'index.mjs'))}).then((m) => console.log(typeof m.handler), (e) => console.log(e.code ?? e.message))`;
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', program], { env: environment, encoding: 'utf8' });
    expect([stdout.trim(), stderr]).toEqual([expect.stringMatching(/^(function|BIFOLD_UNKNOWN_PIPELINE)$/), '']);
  });

  it('have DuckDB only in the functions that have its layer', () => {
    expect(BUNDLED_ROLES.filter((role) => bundles[role].native)).toEqual(['archive', 'recompute', 'train']);
  });

  it('stay small where somebody waits for the start', () => {
    for (const role of ['speed', 'query'] as const)
      expect(statSync(join(bundles[role].folder, 'index.mjs')).size).toBeLessThan(2 * 1024 * 1024);
  });
});

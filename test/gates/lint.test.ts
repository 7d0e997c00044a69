import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { root, run } from './run.ts';

/**
 * The linter as `npm run lint` calls it, over a copy of `test/planted/lint`: planted files are left
 * out of the project itself.
 */
let tree: string;
beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'bifold-lint-'));
  cpSync(join(root, 'test/planted/lint'), join(tree, 'src'), { recursive: true });
  for (const file of ['biome.json', '.gitignore']) cpSync(join(root, file), join(tree, file));
});
afterAll(() => rmSync(tree, { recursive: true, force: true }));

const { lint } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts as { lint: string };
const [, ...options] = lint.split(' ').filter((word) => word !== '.');
const biome = (...rest: readonly string[]) => run('@biomejs/biome/bin/biome', rest, tree);

describe('a file that the linter dislikes is refused', () => {
  const planted = [
    { file: 'warning.ts', says: 'noNonNullAssertion' },
    { file: 'unused-import.ts', says: 'noUnusedImports' },
    { file: 'double-quotes.ts', says: 'format' },
  ] as const;

  it.each(planted)('$file: $says', async ({ file, says }) => {
    const { status, output } = await biome(...options, join('src', file));
    expect(output).toContain(says);
    expect(status).not.toBe(0);
  });

  it('also when it is but a warning', async () => {
    const { status, output } = await biome('check', 'src/warning.ts');
    expect(output).toContain('Found 1 warning');
    expect(status).toBe(0);
  });

  it('and no planted file is left out', () => {
    expect(readdirSync(join(root, 'test/planted/lint')).sort()).toEqual(planted.map(({ file }) => file).sort());
  });
});

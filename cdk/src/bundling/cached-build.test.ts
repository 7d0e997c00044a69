import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cacheBuild, cachedBuild, type Recipe } from './cached-build.ts';

let root: string;
let home: string;
let recipe: Recipe;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bifold-built-'));
  home = join(root, 'out');
  recipe = { root, options: { minify: true }, resolution: ['lock.json', 'parts/*/package.json'] };
  mkdirSync(join(root, 'parts/one'), { recursive: true });
  for (const path of ['source.ts', 'lock.json', 'parts/one/package.json']) write(path, path);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const write = (path: string, text: string) => writeFileSync(join(root, path), text);
const keep = (text = 'built') =>
  cacheBuild(home, recipe, {
    inputs: ['source.ts', '(disabled):nothing'],
    files: [{ path: 'speed/index.mjs', contents: Buffer.from(text) }],
    notes: ['speed'],
  });

describe('a kept build', () => {
  it('is found again, with what was noted of it', () => {
    expect(cachedBuild(home, recipe)).toBeNull();
    const { folder } = keep();
    expect(cachedBuild(home, recipe)).toEqual({ folder, notes: ['speed'] });
    expect(readFileSync(join(folder, 'speed/index.mjs'), 'utf8')).toBe('built');
  });

  it.each(['source.ts', 'lock.json', 'parts/one/package.json'])('is not used when %s has changed', (path) => {
    const { folder } = keep();
    write(path, 'changed');
    expect(cachedBuild(home, recipe)).toBeNull();
    expect(keep('again').folder).not.toBe(folder);
  });

  it('is not used when a file that steers imports was added, or an option changed', () => {
    keep();
    expect(cachedBuild(home, { ...recipe, options: { minify: false } })).toBeNull();
    mkdirSync(join(root, 'parts/two'));
    write('parts/two/package.json', '{}');
    expect(cachedBuild(home, recipe)).toBeNull();
  });

  it('stands when the same is built twice at once, and goes when it is old', () => {
    const { folder } = keep();
    expect(keep().folder).toBe(folder);
    const longAgo = new Date(0);
    utimesSync(folder, longAgo, longAgo);
    write('source.ts', 'changed');
    keep();
    expect(readdirSync(home).filter((name) => name !== 'last.json')).toHaveLength(1);
  });
});

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../../../..');

const setUp = (...args: string[]) =>
  spawnSync(process.execPath, [join(root, 'infra/cli/bin/set-up.js'), ...args], { cwd: root, encoding: 'utf8' });

describe('set-up', () => {
  it('is what runs every script that a newcomer is told of', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
    const set = Object.entries(scripts).filter(([, command]) =>
      /^node infra\/cli\/bin\/set-up\.js [\w-]+$/.test(command),
    );
    expect(set.map(([script]) => script)).toEqual([
      'start',
      'test',
      'test:all',
      'test:extended',
      'simulate',
      'fuzz',
      'chaos',
      'bench',
      'test:spark',
      'mutation',
      'reference',
      'prose',
    ]);
  });

  it('refuses a job that it does not know, and names those that it does', () => {
    const { status, stderr } = setUp('nonsense');
    expect([status, stderr]).toEqual([
      3,
      expect.stringMatching(/nonsense.*start, test, test-all, test-extended, simulate, /s),
    ]);
  });
});

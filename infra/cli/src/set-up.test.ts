import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../../..');
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
const SET_UP = /^node infra\/cli\/bin\/set-up\.js (?<job>\S+)$/;
/** What sets itself up: by the name of its script, the job that set-up does for it. */
const jobs = Object.entries(scripts).flatMap(([script, command]) => {
  const job = SET_UP.exec(command)?.groups?.job;
  return job === undefined ? [] : [[script, job] as const];
});

const setUp = (...args: string[]) =>
  spawnSync(process.execPath, [join(root, 'infra/cli/bin/set-up.js'), ...args], { cwd: root, encoding: 'utf8' });

describe('set-up', () => {
  it('is what runs every script that a newcomer is told of', () => {
    expect(jobs.map(([script]) => script)).toEqual([
      ...['start', 'test', 'simulate', 'fuzz', 'chaos', 'bench', 'test:spark', 'mutation'],
    ]);
  });

  it.each(jobs.filter(([, job]) => job !== 'start' && job !== 'test'))(
    'npm run %s leaves the standard output to the program',
    (script, job) => {
      const { status, stdout } = setUp(job, '--help');
      expect([status, stdout.split('\n')[0]]).toEqual([0, expect.stringMatching(`^npm run ${script} -- `)]);
    },
  );

  it("ends as the program did: a wrong command is the program's to refuse", () => {
    const { status, stderr } = setUp('simulate', '--nonsense');
    expect([status, stderr]).toEqual([2, expect.stringMatching(/--nonsense/)]);
  });

  it('refuses a job that it does not know, and names those that it does', () => {
    const { status, stderr } = setUp('nonsense');
    expect([status, stderr]).toEqual([3, expect.stringMatching(/nonsense.*start, test, simulate, /s)]);
  });
});

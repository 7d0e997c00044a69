import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { PATIENCE_MS } from '../patience.ts';
import { root } from './run.ts';

/** Runs each program through npm, once for each kind of wrong argument. */
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
const programs = Object.entries(scripts).flatMap(([name, script]) => {
  const [, job] = /^node infra\/cli\/bin\/set-up\.js (\w+)$/.exec(script) ?? [];
  return job === undefined || job === 'start' || job === 'test' ? [] : [{ name, job }];
});

const WRONG: Readonly<
  Record<string, readonly { readonly args: readonly string[]; readonly says: readonly string[] }[]>
> = {
  simulate: [
    { args: ['--seeds', 'many'], says: ['"many"', 'a whole number from 1 on'] },
    { args: ['--without', 'luck'], says: ['"luck"', 'zombie', 'replicas'] },
    { args: ['--sabotage', 'luck'], says: ['"luck"', 'last-offset-ignored', 'mapping-with-a-filter'] },
    { args: ['--trace'], says: ['--trace without --seed'] },
  ],
  fuzz: [
    { args: ['--runs', '0'], says: ['"0"', 'a whole number from 1 on', '--runs 7'] },
    { args: ['--seed', '1', '--path', 'here'], says: ['"here"', '17:0:3'] },
    { args: ['--path', '1:2'], says: ['--path without --seed'] },
    { args: ['--minutes', '2'], says: ['--minutes without --readers'] },
  ],
  chaos: [
    { args: ['--minutes', 'some'], says: ['"some"', 'a number from 0 on'] },
    { args: ['--only', 'rain'], says: ['"rain"', 'kill cassandra', "--only 'kill speed function'"] },
  ],
  bench: [
    { args: [], says: ["missing required argument 'work'", 'W1, W5, W8'] },
    { args: ['W2'], says: ['"W2"', 'W1, W5, W8'] },
    { args: ['W1', '--events', '0'], says: ['"0"', 'a whole number from 1 to 999999999'] },
    { args: ['W8', '--runs', '2'], says: ['W8 with --runs'] },
  ],
  'test:spark': [
    { args: ['--seed', '12345678901'], says: ['"12345678901"', 'a whole number from 0 to 9999999999'] },
    { args: ['--only', 'nothing has this'], says: ['"nothing has this"', '--list'] },
  ],
  reference: [{ args: ['pipelines'], says: ['pipelines', 'npm run reference -- [options]'] }],
  prose: [{ args: ['docs'], says: ['docs', 'npm run prose -- [options]'] }],
  mutation: [
    { args: ['--workers', '3'], says: ['"3"', 'a whole number from 1 to 2'] },
    { args: ['everything'], says: ['"everything"', 'aggregates'] },
  ],
};

interface Ran {
  readonly status: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

function run(job: string, args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(root, 'infra/cli/bin/set-up.js'), job, ...args],
      // A program that does not refuse goes to work, perhaps for hours.
      { cwd: root, timeout: PATIENCE_MS },
      (error, stdout, stderr) => resolve({ status: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}

const STACK = /\n\s+at /;

it('every program that `npm run` starts has a wrong command here', () => {
  expect(programs.map(({ name }) => name).sort()).toEqual(Object.keys(WRONG).sort());
});

describe.each(programs)('npm run $name', ({ name, job }) => {
  it.concurrent('explains its options, exit codes and examples by --help', async () => {
    const { status, stdout, stderr } = await run(job, ['--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.startsWith(`Usage: npm run ${name} -- `)).toBe(true);
    for (const part of ['  --json ', ' --help ', '\nExit codes:\n  0 ', '\n  2 ', `\nExamples:\n  $ npm run ${name}`])
      expect(stdout).toContain(part);
    expect(stdout).not.toMatch(STACK);
  });

  const unknown = { args: ['--nonsense'], says: ["got       unknown option '--nonsense'", '--json, -h, --help'] };
  it.concurrent.each([unknown, ...(WRONG[name] ?? [])])('refuses the arguments $args', async ({ args, says }) => {
    const { status, stdout, stderr } = await run(job, args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    for (const part of ['the command was not understood', `npm run ${name} -- --help`, ...says])
      expect(stderr).toContain(part);
    expect(stderr).not.toMatch(STACK);
  });
});

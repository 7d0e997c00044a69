import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { PATIENCE_MS } from '../patience.ts';
import { readCommandLine } from './command-line.ts';
import { helpOf } from './help.ts';
import {
  choice,
  decimalNumber,
  flag,
  list,
  oneWord,
  option,
  optional,
  repeated,
  someWords,
  text,
  wholeNumber,
} from './option.ts';
import { WrongCommand } from './wrong-command.ts';

const PROGRAM = {
  name: 'bake',
  does: 'Bakes.',
  options: {
    loaves: option(wholeNumber({ from: 1, to: 40 }), 3, 'how many'),
    hours: optional(decimalNumber({ from: 1 }), 'how long'),
    flour: repeated(choice('KIND', ['rye', 'wheat']), 'what it is made of'),
    steps: optional(list(text('STEP', { pattern: /^[a-z]+$/, allowed: 'a step', example: 'knead' })), 'these alone'),
    crust: flag('with a crust'),
    seeds: flag('on the crust', { needs: 'crust' }),
  },
  statuses: { 0: 'it is bread', 1: 'it is not' },
  examples: ['', '-- --loaves 2'],
};
const NOTHING = { loaves: 3, hours: null, flour: [], steps: null, crust: false, seeds: false };

const optionsOf = (...args: readonly string[]) => {
  const { help: _, ...options } = { help: false, ...readCommandLine(PROGRAM, args)?.options };
  return options;
};

function refusalOf(read: () => unknown): WrongCommand['explanation'] {
  try {
    read();
  } catch (error) {
    if (error instanceof WrongCommand) return error.explanation;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('what is typed', () => {
  it.each([
    [[], {}],
    [['--loaves', '40'], { loaves: 40 }],
    [['--loaves=1'], { loaves: 1 }],
    [['--loaves', '1', '--loaves', '2'], { loaves: 2 }],
    [['--hours', '1'], { hours: 1 }],
    [['--hours', '1.25'], { hours: 1.25 }],
    [['--flour', 'rye', '--flour', 'wheat'], { flour: ['rye', 'wheat'] }],
    [['--steps', 'knead,wait,knead'], { steps: ['knead', 'wait', 'knead'] }],
    [['--crust', '--seeds'], { crust: true, seeds: true }],
  ])('%j', (args, options) => {
    expect(optionsOf(...args)).toEqual({ ...NOTHING, ...options });
  });

  it('says which options were given', () => {
    expect([...(readCommandLine(PROGRAM, ['--loaves', '3', '--crust'])?.given ?? [])]).toEqual(['loaves', 'crust']);
  });

  it.each([[['--help']], [['-h']], [['--nonsense', '--help']]])('%j asks for help', (args) => {
    expect(readCommandLine(PROGRAM, args)).toBeNull();
  });
});

describe('what is refused, and what is allowed instead', () => {
  const NUMBER = 'a whole number from 1 to 40';
  const ALL = '--loaves N, --hours N, --flour KIND, --steps STEP,..., --crust, --seeds, --help';
  it.each([
    [['--nonsense'], '--nonsense', ALL],
    [['--nonsense', '--loaves', 'x'], '--nonsense', ALL],
    [['--toString'], '--toString', ALL],
    [['-x'], '-x', ALL],
    [['--no-crust'], '--no-crust', ALL],
    [['rolls'], '"rolls"', ALL],
    [['--loaves', '0'], '--loaves with "0"', NUMBER],
    [['--loaves', '41'], '--loaves with "41"', NUMBER],
    [['--loaves', '-1'], '--loaves with "-1"', NUMBER],
    [['--loaves', '1.5'], '--loaves with "1.5"', NUMBER],
    [['--loaves', '1e1'], '--loaves with "1e1"', NUMBER],
    [['--loaves', ' 1'], '--loaves with " 1"', NUMBER],
    [['--loaves', '9007199254740993'], '--loaves with "9007199254740993"', NUMBER],
    [['--loaves'], '--loaves with nothing', NUMBER],
    [['--loaves='], '--loaves with nothing', NUMBER],
    [['--loaves', '--crust'], '--loaves with nothing', NUMBER],
    [['--hours', '0.5'], '--hours with "0.5"', 'a number from 1 on'],
    [['--hours', 'Infinity'], '--hours with "Infinity"', 'a number from 1 on'],
    [['--flour', 'rye', '--flour', 'sand'], '--flour with "sand"', 'rye, wheat'],
    [['--steps', 'knead,,wait'], '--steps with "knead,,wait"', 'one or more, with commas between, each a step'],
    [['--crust=yes'], '--crust=yes', '--crust without a value'],
    [['--seeds'], '--seeds without --crust', '--crust --seeds'],
  ])('%j', (args, received, allowed) => {
    const refusal = refusalOf(() => readCommandLine(PROGRAM, args));
    expect(refusal).toMatchObject({ failed: 'npm run bake was not understood', received, allowed });
    expect(refusal.remedy).toContain('npm run bake -- --help');
  });

  it('a number that is too large to be exact', () => {
    const any = { ...PROGRAM, options: { seed: optional(wholeNumber(), 'any') } };
    expect(readCommandLine(any, ['--seed', '9007199254740991'])?.options.seed).toBe(9007199254740991);
    expect(refusalOf(() => readCommandLine(any, ['--seed', '9007199254740993'])).allowed).toBe(
      'a whole number from 0 on',
    );
  });

  it('shows how it is written', () => {
    const remedy = (...args: readonly string[]) => refusalOf(() => readCommandLine(PROGRAM, args)).remedy;
    expect(remedy('--loaves', 'x')).toMatch(/^write it as in --loaves 3;/);
    expect(remedy('--flour', 'x')).toMatch(/^write it as in --flour rye;/);
  });
});

describe('words beside the options', () => {
  const kind = choice('KIND', ['bread', 'rolls']);
  const one = { ...PROGRAM, words: oneWord(kind, 'what') };
  const some = { ...PROGRAM, words: someWords(kind, 'what') };

  it('are one, which may not be left out', () => {
    expect(readCommandLine(one, ['--crust', 'rolls'])?.words).toBe('rolls');
    expect(refusalOf(() => readCommandLine(one, []))).toMatchObject({ received: 'no KIND', allowed: 'bread, rolls' });
    expect(refusalOf(() => readCommandLine(one, ['cake']))).toMatchObject({ received: '"cake"' });
    expect(refusalOf(() => readCommandLine(one, ['rolls', 'bread']))).toMatchObject({
      received: '"rolls bread"',
      allowed: 'one of bread, rolls',
    });
  });

  it('or any number of them', () => {
    expect(readCommandLine(some, ['rolls', 'bread'])?.words).toEqual(['rolls', 'bread']);
    expect(readCommandLine(some, [])?.words).toEqual([]);
    expect(refusalOf(() => readCommandLine(some, ['rolls', 'cake']))).toMatchObject({ received: '"cake"' });
  });
});

it('the help tells all that was declared', () => {
  expect(helpOf({ ...PROGRAM, remarks: 'It needs an oven.' })).toBe(`npm run bake -- [options]

Bakes.

  --loaves N        how many (default 3)
  --hours N         how long
  --flour KIND      what it is made of; may be repeated
  --steps STEP,...  these alone
  --crust           with a crust
  --seeds           on the crust
  --help            this text

Status:
  0  it is bread
  1  it is not
  2  the command was wrong

Examples:
  npm run bake
  npm run bake -- --loaves 2

It needs an oven.`);
});

/** Each program as npm runs it, once for each unsupported argument. */
const root = join(import.meta.dirname, '..', '..');
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
    { args: ['--runs', '0'], says: ['"0"', 'a whole number from 1 on', '--runs 1000'] },
    { args: ['--seed', '1', '--path', 'here'], says: ['"here"', '17:0:3'] },
    { args: ['--path', '1:2'], says: ['--path without --seed'] },
  ],
  chaos: [
    { args: ['--minutes', 'some'], says: ['"some"', 'a number from 0 on'] },
    { args: ['--only', 'rain'], says: ['"rain"', 'kill cassandra', "--only 'kill speed function'"] },
  ],
  bench: [
    { args: [], says: ['no WORK', 'W1, W5, W8'] },
    { args: ['W2'], says: ['"W2"', 'W1, W5, W8'] },
    { args: ['W1', '--events', '0'], says: ['"0"', 'a whole number from 1 to 999999999'] },
    { args: ['W8', '--runs', '2'], says: ['W8 with --runs'] },
  ],
  'test:spark': [
    { args: ['--seed', '12345678901'], says: ['"12345678901"', 'a whole number from 0 to 9999999999'] },
    { args: ['--only', 'nothing has this'], says: ['"nothing has this"', '--list'] },
  ],
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

it('every program is told something wrong', () => {
  expect(programs.map(({ name }) => name).sort()).toEqual(Object.keys(WRONG).sort());
});

describe.each(programs)('npm run $name', ({ name, job }) => {
  it.concurrent('--help teaches', async () => {
    const { status, stdout, stderr } = await run(job, ['--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.startsWith(`npm run ${name} -- `)).toBe(true);
    for (const part of ['  --json ', '  --help ', '\nStatus:\n  0 ', '\n  2 ', `\nExamples:\n  npm run ${name}`])
      expect(stdout).toContain(part);
    expect(stdout).not.toMatch(STACK);
  });

  const unknown = { args: ['--nonsense'], says: ['got       --nonsense', '--json, --help'] };
  it.concurrent.each([unknown, ...(WRONG[name] ?? [])])('$args is refused', async ({ args, says }) => {
    const { status, stdout, stderr } = await run(job, args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    for (const part of [`npm run ${name} was not understood`, `npm run ${name} -- --help`, ...says])
      expect(stderr).toContain(part);
    expect(stderr).not.toMatch(STACK);
  });
});

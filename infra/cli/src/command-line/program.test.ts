import { describe, expect, it } from '@jest/globals';
import { Argument } from 'commander';
import { UsageError } from '../errors.ts';
import { commandOf, option, type Program } from './program.ts';
import { refuseByThrowing } from './run.ts';
import { choice, decimalNumber, list, repeated, text, wholeNumber } from './values.ts';

const step = text({ pattern: /^[a-z]+$/, allowed: 'a step', example: 'knead' });
const PROGRAM: Program = {
  name: 'bake',
  description: 'Bakes\nbread.',
  options: [
    option('--loaves <n>', 'how many', wholeNumber({ from: 1, to: 40 }), 3),
    option('--hours <n>', 'how long', decimalNumber({ from: 1 })),
    option('--flour <kind>', 'what it is made of; may be repeated', repeated(choice(['rye', 'wheat']))),
    option('--steps <step,...>', 'these alone', list(step)),
    option('--crust', 'with a crust'),
    option('--seeds', 'on the crust'),
  ],
  requires: { seeds: 'crust' },
  exitCodes: { 0: 'it is bread', 1: 'it is not' },
  examples: ['', '-- --loaves 2'],
  remarks: 'It needs an oven.',
};

interface Typed {
  readonly options: Readonly<Record<string, unknown>>;
  readonly words: unknown;
  readonly given: ReadonlySet<string>;
  readonly printed: string;
}

/** The arguments of a program, or its output. */
async function typed(program: Program, ...args: readonly string[]): Promise<Typed> {
  let call: Omit<Typed, 'printed'> | null = null;
  let printed = '';
  const command = commandOf<Typed['options'], unknown>(program, async (given) => {
    call = given;
    return 0;
  });
  command.configureOutput({
    writeOut: (out) => {
      printed += out;
    },
    getOutHelpWidth: () => 80,
  });
  refuseByThrowing(command);
  try {
    await command.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (printed === '') throw error;
  }
  return { ...(call ?? { options: {}, words: undefined, given: new Set<string>() }), printed };
}

async function refusalOf(program: Program, ...args: readonly string[]): Promise<UsageError['explanation']> {
  const error: unknown = await typed(program, ...args).then(
    () => null,
    (refused) => refused,
  );
  if (error instanceof UsageError) return error.explanation;
  throw new Error('nothing was refused', { cause: error });
}

describe('a program', () => {
  it.each<[readonly string[], object]>([
    [[], {}],
    [['--loaves', '40'], { loaves: 40 }],
    [['--loaves=1'], { loaves: 1 }],
    [['--loaves', '1', '--loaves', '2'], { loaves: 2 }],
    [['--hours', '1'], { hours: 1 }],
    [['--hours', '1.25'], { hours: 1.25 }],
    [['--flour', 'rye', '--flour', 'wheat'], { flour: ['rye', 'wheat'] }],
    [['--steps', 'knead,wait,knead'], { steps: ['knead', 'wait', 'knead'] }],
    [['--crust', '--seeds'], { crust: true, seeds: true }],
  ])('reads the options %j', async (args, options) => {
    expect((await typed(PROGRAM, ...args)).options).toEqual({ loaves: 3, ...options });
  });

  it('knows which options were given', async () => {
    expect([...(await typed(PROGRAM, '--loaves', '3', '--crust')).given]).toEqual(['loaves', 'crust']);
  });

  it.each([[['--help']], [['-h']], [['--nonsense', '--help']]])('prints its help for %j', async (args) => {
    expect((await typed(PROGRAM, ...args)).printed).toContain('Usage: npm run bake -- [options]');
  });

  const NUMBER = 'a whole number from 1 to 40';
  const ALL = '--loaves <n>, --hours <n>, --flour <kind>, --steps <step,...>, --crust, --seeds, -h, --help';
  it.each([
    [['--nonsense'], "unknown option '--nonsense'", ALL],
    [['--loave', '2'], "unknown option '--loave'", '--loaves'],
    [['--toString'], "unknown option '--toString'", ALL],
    [['-x'], "unknown option '-x'", ALL],
    [['--no-crust'], "unknown option '--no-crust'", '--crust'],
    [['rolls'], 'too many arguments. Expected 0 arguments but got 1: rolls.', 'npm run bake -- [options]'],
    [['--loaves', '0'], '--loaves with "0"', NUMBER],
    [['--loaves', '41'], '--loaves with "41"', NUMBER],
    [['--loaves', '-1'], '--loaves with "-1"', NUMBER],
    [['--loaves', '1.5'], '--loaves with "1.5"', NUMBER],
    [['--loaves', '1e1'], '--loaves with "1e1"', NUMBER],
    [['--loaves', ' 1'], '--loaves with " 1"', NUMBER],
    [['--loaves', '9007199254740993'], '--loaves with "9007199254740993"', NUMBER],
    [['--loaves'], '--loaves with nothing', NUMBER],
    [['--loaves='], '--loaves with nothing', NUMBER],
    [['--loaves', '--crust'], '--loaves with "--crust"', NUMBER],
    [['--hours', '0.5'], '--hours with "0.5"', 'a number from 1 on'],
    [['--hours', 'Infinity'], '--hours with "Infinity"', 'a number from 1 on'],
    [['--flour', 'rye', '--flour', 'sand'], '--flour with "sand"', 'rye, wheat'],
    [['--steps', 'knead,,wait'], '--steps with "knead,,wait"', 'one or more, with commas between, each a step'],
    [['--crust=yes'], "unknown option '--crust=yes'", ALL],
    [['--seeds'], '--seeds without --crust', '--crust and --seeds'],
  ])('refuses %j', async (args, received, allowed) => {
    const refusal = await refusalOf(PROGRAM, ...args);
    expect(refusal).toMatchObject({ failed: 'the command was not understood', received, allowed });
    expect(refusal.remedy).toContain('npm run bake -- --help');
  });

  it('refuses a number that is too large to be exact', async () => {
    const any = { ...PROGRAM, options: [option('--seed <n>', 'any', wholeNumber())] };
    expect((await typed(any, '--seed', '9007199254740991')).options.seed).toBe(9007199254740991);
    expect((await refusalOf(any, '--seed', '9007199254740993')).allowed).toBe('a whole number from 0 on');
  });

  it('shows how a refused option is written', async () => {
    expect((await refusalOf(PROGRAM, '--loaves', 'x')).remedy).toMatch(/^write it as in --loaves 7;/);
    expect((await refusalOf(PROGRAM, '--flour', 'x')).remedy).toMatch(/^write it as in --flour rye;/);
  });

  it('prints all that was declared in its help', async () => {
    expect((await typed(PROGRAM, '--help')).printed).toBe(`Usage: npm run bake -- [options]

Bakes bread.

Options:
  --loaves <n>        how many (default: 3)
  --hours <n>         how long
  --flour <kind>      what it is made of; may be repeated
  --steps <step,...>  these alone
  --crust             with a crust
  --seeds             on the crust
  -h, --help          display help for command

It needs an oven.

Exit codes:
  0    it is bread
  1    it is not
  2    usage error
  3    the program broke

Examples:
  $ npm run bake
  $ npm run bake -- --loaves 2
`);
  });
});

describe('the argument of a program', () => {
  const kind = choice(['bread', 'rolls']);
  const one = { ...PROGRAM, argument: new Argument('<kind>', 'what').argParser(kind) };
  const some = { ...PROGRAM, argument: new Argument('[kind...]', 'what').argParser(repeated(kind)) };

  it('is one word, which may not be left out', async () => {
    expect((await typed(one, '--crust', 'rolls')).words).toBe('rolls');
    expect(await refusalOf(one)).toMatchObject({
      received: "missing required argument 'kind'",
      allowed: 'bread, rolls',
    });
    expect(await refusalOf(one, 'cake')).toMatchObject({ received: '"cake"', allowed: 'bread, rolls' });
    expect(await refusalOf(one, 'rolls', 'bread')).toMatchObject({
      received: 'too many arguments. Expected 1 argument but got 2: rolls, bread.',
      allowed: 'npm run bake -- [options] <kind>',
    });
  });

  it('may be any number of words', async () => {
    expect((await typed(some, 'rolls', 'bread')).words).toEqual(['rolls', 'bread']);
    expect((await typed(some)).words).toEqual([]);
    expect(await refusalOf(some, 'rolls', 'cake')).toMatchObject({ received: '"cake"' });
  });
});

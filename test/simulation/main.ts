import { availableParallelism } from 'node:os';
import { choice, decimalNumber, list, option, repeated, runProgram, text, wholeNumber } from '@bifold/cli/command-line';
import { NEMESES } from './faults/nemeses.ts';

interface Options {
  readonly seeds: number;
  readonly seconds?: number;
  readonly from: number;
  readonly workers?: number;
  readonly seed?: number;
  readonly trace?: true;
  readonly only?: readonly string[];
  readonly without?: readonly (typeof NEMESES)[number][];
  readonly sabotage?: string;
  readonly table?: true;
  readonly asFound?: true;
  readonly json?: true;
}

const event = text({
  pattern: /^(\d+\.[^\s,]+|none)$/,
  allowed: 'an event as a failure names it, or none',
  example: '6.produce',
});
const sabotageName = text({
  allowed: 'a sabotage, as docs/exactness.md names them',
  example: 'last-offset-ignored',
});

const PROGRAM = {
  name: 'simulate',
  description: `Runs the bodies of the functions over fakes of Kafka, Cassandra and S3 under injected faults, and checks every
answer against a plain fold. docs/exactness.md lists the checks. The same seed always gives the same run. A failure is
shrunk, and printed with the command that replays it.`,
  options: [
    option('--seeds <n>', 'number of seeds', wholeNumber({ from: 1 }), 500),
    option(
      '--seconds <n>',
      'run for this time instead of a number of seeds; with --table, the limit per sabotage (default: 60)',
      decimalNumber(),
    ),
    option('--from <n>', 'the first seed', wholeNumber(), 1),
    option('--workers <n>', 'parallel processes (default: one per core)', wholeNumber({ from: 1 })),
    option('--seed <n>', 'run only this seed, and print its result as JSON', wholeNumber()),
    option('--trace', 'print the run of the seed, call by call'),
    option('--only <event,...>', 'keep only these events of the run; needs --seed', list(event)),
    option(
      '--without <nemesis>',
      `leave out faults of this kind: ${NEMESES.join(', ')}; may be repeated`,
      repeated(choice(NEMESES)),
    ),
    option('--sabotage <name>', 'break one rule of the protocol, which the simulation must detect', sabotageName),
    option('--table', 'run every sabotage, and print the number of seeds until it was detected'),
    option('--as-found', 'do not shrink failures'),
    option('--json', 'print one JSON object to standard output, and progress to standard error'),
  ],
  requires: { trace: 'seed', only: 'seed' },
  exitCodes: { 0: 'no answer was wrong, or the table is complete', 1: 'an answer was wrong' },
  examples: [
    '-- --seeds 20000',
    '-- --seconds 60 --from 1000000',
    '-- --seed 42 --trace',
    '-- --table --seeds 3000',
    '--silent -- --seeds 100 --sabotage last-offset-ignored --json',
  ],
} as const;

await runProgram<Options>(PROGRAM, async ({ options }) => {
  const { replay, sabotageOf, sweep, table } = await import('./sweep.ts');
  const { seed, only, trace = false, sabotage, without = [], seconds = null } = options;
  const asked = {
    from: options.from,
    seeds: options.seeds,
    seconds,
    without: new Set(without),
    sabotage: sabotage === undefined ? null : sabotageOf(sabotage),
    json: options.json ?? false,
  };
  if (seed !== undefined) return replay({ ...asked, seed, only: only === undefined ? null : new Set(only), trace });
  if (options.table) return table(asked);
  const workers = options.workers ?? availableParallelism();
  return sweep({ ...asked, workers, asFound: options.asFound ?? false });
});

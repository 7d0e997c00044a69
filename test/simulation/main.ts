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
  description: `Attacks the promise: runs the bodies of the functions over fakes of Kafka, Cassandra and S3 while what can fail does, and
checks every answer against a plain fold; docs/exactness.md says what is checked. A seed is a run, the same one each time.
A failure is made small, and printed with the command that replays it.`,
  options: [
    option('--seeds <n>', 'how many seeds', wholeNumber({ from: 1 }), 500),
    option(
      '--seconds <n>',
      'as many seeds as there is time for, instead; with --table, how long each may take (default 60)',
      decimalNumber(),
    ),
    option('--from <n>', 'the first seed', wholeNumber(), 1),
    option('--workers <n>', 'processes that share the seeds (default one for each core)', wholeNumber({ from: 1 })),
    option('--seed <n>', 'this seed alone, and what became of it as JSON', wholeNumber()),
    option('--trace', 'print the run of the seed, call by call'),
    option('--only <event,...>', 'of what goes wrong in the run of the seed, these events alone', list(event)),
    option(
      '--without <nemesis>',
      `nothing of this kind goes wrong: ${NEMESES.join(', ')}; may be repeated`,
      repeated(choice(NEMESES)),
    ),
    option('--sabotage <name>', 'break one rule of the protocol: this must be found', sabotageName),
    option('--table', 'break every rule, one after the other, and say how many seeds it took to be found'),
    option('--as-found', 'failures as they are, none made small: for whoever gathers them'),
    option('--json', 'print one JSON object in the end on standard output, and all else on standard error'),
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

import { availableParallelism } from 'node:os';
import { runProgram } from '../command-line/command-line.ts';
import {
  choice,
  decimalNumber,
  flag,
  list,
  option,
  optional,
  repeated,
  text,
  wholeNumber,
} from '../command-line/option.ts';
import { NEMESES } from './faults/nemeses.ts';

const PROGRAM = {
  name: 'simulate',
  does: `Attacks the promise: runs the bodies of the functions over fakes of Kafka, Cassandra and S3 while what can fail does, and
checks every answer against a plain fold; docs/exactness.md says what is checked. A seed is a run, the same one each time.
A failure is made small, and printed with the command that replays it.`,
  options: {
    seeds: option(wholeNumber({ from: 1 }), 500, 'how many seeds'),
    seconds: optional(
      decimalNumber(),
      'as many seeds as there is time for, instead; with --table, how long each may take (default 60)',
    ),
    from: option(wholeNumber(), 1, 'the first seed'),
    workers: optional(wholeNumber({ from: 1 }), 'processes that share the seeds (default one for each core)'),
    seed: optional(wholeNumber(), 'this seed alone, and what became of it as JSON'),
    trace: flag('print the run of the seed, call by call', { needs: 'seed' }),
    only: optional(
      list(
        text('EVENT', {
          pattern: /^(\d+\.[^\s,]+|none)$/,
          allowed: 'an event as a failure names it, or none',
          example: '6.produce',
        }),
      ),
      'of what goes wrong in the run of the seed, these events alone',
      { needs: 'seed' },
    ),
    without: repeated(choice('NEMESIS', NEMESES), `nothing of this kind goes wrong: ${NEMESES.join(', ')}`),
    sabotage: optional(
      text('NAME', { allowed: 'a sabotage, as docs/exactness.md names them', example: 'last-offset-ignored' }),
      'break one rule of the protocol: this must be found',
    ),
    table: flag('break every rule, one after the other, and say how many seeds it took to be found'),
    'as-found': flag('failures as they are, none made small: for whoever gathers them'),
    json: flag('print one JSON object in the end on standard output, and all else on standard error'),
  },
  statuses: { 0: 'no answer was wrong, or the table is complete', 1: 'one was, or the program broke' },
  examples: [
    '-- --seeds 20000',
    '-- --seconds 60 --from 1000000',
    '-- --seed 42 --trace',
    '-- --table --seeds 3000',
    '--silent -- --seeds 100 --sabotage last-offset-ignored --json',
  ],
};

await runProgram(PROGRAM, async ({ options }) => {
  const { replay, sabotageOf, sweep, table } = await import('./sweep.ts');
  const asked = {
    from: options.from,
    seeds: options.seeds,
    seconds: options.seconds,
    without: new Set(options.without),
    sabotage: options.sabotage === null ? null : sabotageOf(options.sabotage),
    json: options.json,
  };
  const { seed, only, trace } = options;
  if (seed !== null) return replay({ ...asked, seed, only: only === null ? null : new Set(only), trace });
  if (options.table) return table(asked);
  return sweep({ ...asked, workers: options.workers ?? availableParallelism(), asFound: options['as-found'] });
});

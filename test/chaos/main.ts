import { decimalNumber, option, readChoice, repeated, runProgram, text, wholeNumber } from '@bifold/cli/command-line';

interface Options {
  readonly minutes: number;
  readonly seed?: number;
  readonly rate: number;
  readonly only?: readonly string[];
  readonly list?: true;
  readonly stateDir?: string;
  readonly keep?: true;
  readonly json?: true;
}

const kind = text({ allowed: 'a kind of fault, as --list names them', example: 'kill cassandra' });
const folder = text({ allowed: 'a folder', example: '.bifold/chaos' });

/** The real system under faults; docs/chaos.md says what is checked. */
const PROGRAM = {
  name: 'chaos',
  description: `Starts a local cloud of its own, deploys the pipelines delays and airframes, streams real flights through them, and
breaks one part after the other, sometimes two at once, while readers check every answer against a plain fold over
what the broker acknowledged. Ends with a report.`,
  options: [
    option(
      '--minutes <n>',
      'how long faults strike; starting and comparing come on top, about two minutes',
      decimalNumber(),
      10,
    ),
    option('--seed <n>', 'which faults strike, in which order (drawn, and printed)', wholeNumber()),
    option('--rate <n>', 'events a second in all', decimalNumber({ from: 1 }), 300),
    option('--only <kind>', 'this kind of fault only; may be repeated', repeated(kind)),
    option('--list', 'the kinds of faults'),
    option('--state-dir <dir>', 'where the cloud lives (default .bifold/chaos)', folder),
    option('--keep', 'leave the state folder as it is in the end, for a look at logs and data'),
    option('--json', 'print the report as JSON'),
  ],
  exitCodes: {
    0: 'every answer was equal, nothing was lost or counted twice, and every fault healed',
    1: 'not so',
    130: 'after Ctrl-C',
  },
  examples: [
    '',
    '-- --minutes 2 --seed 7',
    "-- --minutes 1 --only 'kill cassandra' --only 'cut functions-kafka'",
    '-- --list',
  ],
  remarks:
    "It needs Linux, since it finds the functions' processes in /proc. Where this user may mount, it fills volumes too.",
  holdsSockets: true,
} as const;

await runProgram<Options>(PROGRAM, async ({ options }) => {
  const { minutes, rate, seed = null, only = [], stateDir = null, list, keep = false, json = false } = options;
  const { FAULTS } = await import('./faults/index.ts');
  const kinds = FAULTS.map((fault) => fault.kind);
  if (list) {
    process.stdout.write(`${kinds.join('\n')}\n`);
    return 0;
  }
  const chosen = only.map((name) => readChoice(PROGRAM, '--only', kinds, name));
  const { chaos } = await import('./chaos.ts');
  return chaos({ minutes, rate, seed, keep, json, only: chosen, stateDir });
});

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

/** The real system under faults. docs/chaos.md lists the checks. */
const PROGRAM = {
  name: 'chaos',
  description: `Starts a separate local cloud, deploys the pipelines delays and airframes, and streams real flights through
them. It breaks one part after another, sometimes two at once. Meanwhile readers check every answer against a plain
fold over the acknowledged records. Ends with a report.`,
  options: [
    option(
      '--minutes <n>',
      'duration of the faults; start and final comparison take about two more minutes',
      decimalNumber(),
      10,
    ),
    option('--seed <n>', 'selects the faults and their order (default: random, printed)', wholeNumber()),
    option('--rate <n>', 'events per second in total', decimalNumber({ from: 1 }), 300),
    option('--only <kind>', 'inject only this kind of fault; may be repeated', repeated(kind)),
    option('--list', 'list the kinds of faults'),
    option('--state-dir <dir>', 'state folder of the cloud (default: .bifold/chaos)', folder),
    option('--keep', 'keep the state folder at the end, with logs and data'),
    option('--json', 'print the report as JSON'),
  ],
  exitCodes: {
    0: 'every answer was equal, nothing was lost or counted twice, and every fault healed',
    1: 'a check failed',
    130: 'after Ctrl-C',
  },
  examples: [
    '',
    '-- --minutes 2 --seed 7',
    "-- --minutes 1 --only 'kill cassandra' --only 'cut functions-kafka'",
    '-- --list',
  ],
  remarks:
    "Needs Linux, because it finds the functions' processes in /proc. If the user may mount, it fills volumes too.",
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

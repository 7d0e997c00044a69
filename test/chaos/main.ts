import { runProgram } from '../command-line/command-line.ts';
import { decimalNumber, flag, option, optional, repeated, text, wholeNumber } from '../command-line/option.ts';
import { readChoice } from '../command-line/wrong-command.ts';

/** The real system under faults; docs/chaos.md says what is checked. */
const PROGRAM = {
  name: 'chaos',
  does: `Starts a local cloud of its own, deploys the pipelines delays and airframes, streams real flights through them, and
breaks one part after the other, sometimes two at once, while readers check every answer against a plain fold over
what the broker acknowledged. Ends with a report.`,
  options: {
    minutes: option(
      decimalNumber(),
      10,
      'how long faults strike; starting and comparing come on top, about two minutes',
    ),
    seed: optional(wholeNumber(), 'which faults strike, in which order (drawn, and printed)'),
    rate: option(decimalNumber({ from: 1 }), 300, 'events a second in all'),
    only: repeated(
      text('KIND', { allowed: 'a kind of fault, as --list names them', example: 'kill cassandra' }),
      'this kind of fault only',
    ),
    list: flag('the kinds of faults'),
    'state-dir': optional(
      text('DIR', { allowed: 'a folder', example: '.bifold/chaos' }),
      'where the cloud lives (default .bifold/chaos)',
    ),
    keep: flag('leave the state folder as it is in the end, for a look at logs and data'),
    json: flag('print the report as JSON'),
  },
  statuses: {
    0: 'every answer was equal, nothing was lost or counted twice, and every fault healed',
    1: 'not so, or the program broke',
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

await runProgram(PROGRAM, async ({ options: { list, only, 'state-dir': stateDir, ...asked } }) => {
  const { FAULTS } = await import('./faults/index.ts');
  const kinds = FAULTS.map(({ kind }) => kind);
  if (list) {
    process.stdout.write(`${kinds.join('\n')}\n`);
    return 0;
  }
  const chosen = only.map((kind) => readChoice(PROGRAM, 'only', kinds, kind));
  const { chaos } = await import('./chaos.ts');
  return chaos({ ...asked, only: chosen, stateDir });
});

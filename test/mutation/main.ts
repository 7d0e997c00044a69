import { existsSync } from 'node:fs';
import { Argument, choice, option, repeated, runProgram, wholeNumber } from '@bifold/cli/command-line';
import { filesOf, GROUPS, type Group, mutatedBy } from './groups.ts';
import { FOLDER, forgetStaticSurvivors } from './results.ts';
import { descriptionOf, isSurvivor, type Mutant, scoreOf, TABLE_HEAD, tableRow } from './score.ts';

const PERCENT_MINIMUM = 90;
const PROGRAM = {
  name: 'mutation',
  description: `Changes core in a thousand small places, one at a time, and checks whether a test detects the change.
docs/mutation.md has the results. Results are kept in .bifold/mutation, even after Ctrl-C. The next run tests only code
that changed since.`,
  argument: new Argument('[group...]', `groups to mutate (default: all): ${GROUPS.join(', ')}`).argParser(
    repeated(choice(GROUPS)),
  ),
  options: [
    option('--workers <n>', 'parallel processes, 1 or 2', wholeNumber({ from: 1, to: 2 }), 2),
    option('--fresh', 'ignore kept results and test every mutant again'),
    option('--json', 'print one JSON object to standard output, and progress to standard error'),
  ],
  exitCodes: { 0: `tests detect ${PERCENT_MINIMUM} % of the mutants or more`, 1: 'tests detect fewer' },
  examples: ['', '-- aggregates codecs', '-- --workers 1 --fresh', '--silent -- merge --json'],
};

interface Trial {
  readonly workers: number;
  readonly fresh?: boolean;
}

interface Options extends Trial {
  readonly json?: true;
}

async function judged(group: Group, { workers, fresh = false }: Trial): Promise<readonly Mutant[]> {
  const { Stryker } = await import('@stryker-mutator/core');
  const { judges, apart = false } = mutatedBy(group);
  const resultsFile = `${FOLDER}/${group}.json`;
  const run = (options: { readonly ignoreStatic: boolean; readonly force: boolean }) =>
    new Stryker({
      configFile: 'test/mutation/stryker.config.js',
      mutate: [...filesOf(group)],
      mochaOptions: { spec: judges },
      incrementalFile: resultsFile,
      htmlReporter: { fileName: `${FOLDER}/${group}.html` },
      concurrency: workers,
      // Without data about single tests, every mutant gets a separate process.
      coverageAnalysis: apart ? 'all' : 'perTest',
      ...options,
    }).runMutationTest();
  // Most code that runs while modules load also runs in tests, and is killed there: only the rest
  // needs a separate process.
  if (!apart) await run({ ignoreStatic: true, force: fresh });
  if (existsSync(resultsFile)) forgetStaticSurvivors(resultsFile);
  return run({ ignoreStatic: false, force: apart && fresh });
}

await runProgram<Options, readonly Group[]>(PROGRAM, async ({ words, options }) => {
  // Stryker writes how far it is to standard output.
  const { write } = process.stdout;
  if (options.json) process.stdout.write = process.stderr.write.bind(process.stderr);
  const mutants = new Map<Group, readonly Mutant[]>();
  for (const group of words.length === 0 ? GROUPS : words) mutants.set(group, await judged(group, options));
  process.stdout.write = write;
  const all = [...mutants.values()].flat();
  const survivors = all.filter(isSurvivor);
  const total = scoreOf(all);
  if (options.json)
    console.log(
      JSON.stringify({
        groups: Object.fromEntries(Array.from(mutants, ([group, own]) => [group, scoreOf(own)])),
        total,
        survivors: survivors.map(descriptionOf),
      }),
    );
  else {
    console.log(`\nWhat no test saw:\n${survivors.map(descriptionOf).join('\n')}\n\n${TABLE_HEAD}`);
    for (const [group, own] of mutants) console.log(tableRow(group, scoreOf(own)));
    console.log(`${tableRow('total', total)}\n\nreports: ${FOLDER}/GROUP.html`);
  }
  return total.percent < PERCENT_MINIMUM ? 1 : 0;
});

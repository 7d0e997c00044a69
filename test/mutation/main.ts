import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Stryker } from '@stryker-mutator/core';
import { filesOf, GROUPS, type Group, mutatedBy } from './groups.ts';
import { FOLDER, forgetStaticSurvivors } from './results.ts';
import { descriptionOf, isSurvivor, type Mutant, scoreOf, TABLE_HEAD, tableRow } from './score.ts';

/**
 * npm run mutation -- [GROUP...] [--workers 1|2] [--fresh]
 *
 * Breaks core in a thousand small ways, one at a time, and asks whether a test sees it; docs/mutation.md says what that found. Results are kept
 * in .bifold/mutation, and only what changed since is tried again, unless `--fresh`.
 */
const PERCENT_MINIMUM = 90;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { workers: { type: 'string', default: '2' }, fresh: { type: 'boolean', default: false } },
});

const isGroup = (name: string): name is Group => (GROUPS as readonly string[]).includes(name);
const unknown = positionals.find((name) => !isGroup(name));
if (unknown !== undefined) throw new Error(`no group "${unknown}"; there are: ${GROUPS.join(', ')}`);
if (!['1', '2'].includes(values.workers)) throw new Error(`--workers is "${values.workers}"; allowed: 1, 2`);
const groups = positionals.length === 0 ? GROUPS : positionals.filter(isGroup);

async function judged(group: Group, fresh: boolean): Promise<readonly Mutant[]> {
  const { judges, apart = false } = mutatedBy(group);
  const resultsFile = `${FOLDER}/${group}.json`;
  const run = (options: { readonly ignoreStatic: boolean; readonly force: boolean }) =>
    new Stryker({
      configFile: 'test/mutation/stryker.config.js',
      mutate: [...filesOf(group)],
      mochaOptions: { spec: judges },
      incrementalFile: resultsFile,
      htmlReporter: { fileName: `${FOLDER}/${group}.html` },
      concurrency: Number(values.workers),
      // Where nothing is known of single tests, every mutant gets a process of its own.
      coverageAnalysis: apart ? 'all' : 'perTest',
      ...options,
    }).runMutationTest();
  // Most of what runs while modules load runs in tests, too, and falls there: only the rest needs a process of its own.
  if (!apart) await run({ ignoreStatic: true, force: fresh });
  if (existsSync(resultsFile)) forgetStaticSurvivors(resultsFile);
  return run({ ignoreStatic: false, force: apart && fresh });
}

const mutants = new Map<Group, readonly Mutant[]>();
for (const group of groups) mutants.set(group, await judged(group, values.fresh));
const all = [...mutants.values()].flat();
const survivors = all.filter(isSurvivor);
const total = scoreOf(all);
console.log(`\nWhat no test saw:\n${survivors.map(descriptionOf).join('\n')}\n\n${TABLE_HEAD}`);
for (const [group, own] of mutants) console.log(tableRow(group, scoreOf(own)));
console.log(`${tableRow('total', total)}\n\nreports: ${FOLDER}/GROUP.html`);
if (total.percent < PERCENT_MINIMUM) process.exitCode = 1;

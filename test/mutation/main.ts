import { parseArgs } from 'node:util';
import { Stryker } from '@stryker-mutator/core';
import { filesOf, GROUPS, type Group } from './groups.ts';
import { forgetStaticSurvivors } from './results.ts';
import { descriptionOf, isSurvivor, mutantsOf, scoreOf, TABLE_HEAD, tableRow } from './score.ts';

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

const run = (options: { readonly ignoreStatic: boolean; readonly force: boolean }) =>
  new Stryker({
    configFile: 'test/mutation/stryker.config.js',
    mutate: groups.flatMap(filesOf),
    concurrency: Number(values.workers),
    ...options,
  }).runMutationTest();
// Most of what runs while modules load runs in tests, too, and falls there: only the rest needs a process of its own.
await run({ ignoreStatic: true, force: values.fresh });
forgetStaticSurvivors();
// It also gives back what it kept of other groups.
const kept = await run({ ignoreStatic: false, force: false });
const mutants = groups.flatMap((group) => mutantsOf(group, kept));
const survivors = mutants.filter(isSurvivor);
const total = scoreOf(mutants);
console.log(`\nWhat no test saw:\n${survivors.map(descriptionOf).join('\n')}\n\n${TABLE_HEAD}`);
for (const group of groups) console.log(tableRow(group, scoreOf(mutantsOf(group, mutants))));
console.log(`${tableRow('total', total)}\n\nreport: .bifold/mutation/report.html`);
if (total.percent < PERCENT_MINIMUM) process.exitCode = 1;

import { randomInt } from 'node:crypto';
import { isSameResult, type Source } from '@bifold/core/engine';
import { Command, Option } from 'commander';
import { withContext } from '../../context.ts';
import { deployedAs, namedOf } from '../../deployment/deployments.ts';
import { Ended, EXIT, UsageError } from '../../errors.ts';
import { cell, coverageText, receiptText } from '../../output/answer-text.ts';
import { bold, number, plural, print, printJson, seconds, styled } from '../../output/terminal.ts';
import type { Difference } from '../../verification/compare.ts';
import { type Check, type Verification, verifyPipeline } from '../../verification/verification.ts';
import { wholeNumber } from '../option-values.ts';

const DIFFERENCES_SHOWN = 10;

/** The sources that `--against` names. Each is recomputed separately. */
const SOURCES: Readonly<Record<string, readonly Source[]>> = {
  either: ['either'],
  log: ['log'],
  archive: ['archive'],
  both: ['log', 'archive'],
};
const SAMPLE_MAX = 1_000;

interface Options {
  readonly window?: string;
  readonly against: string;
  readonly sample?: number;
  readonly seed?: string;
  readonly json?: boolean;
}

export const verifyCommand = (): Command =>
  new Command('verify')
    .description('recompute all rows of a pipeline from the log or the archive, and compare them with its answer')
    .argument('<pipeline>', 'name of the pipeline')
    .option('--window <name>', 'name of one window (default: all)')
    .addOption(
      new Option('--against <source>', 'source of the records').choices(Object.keys(SOURCES)).default('either'),
    )
    .option('--sample <n>', 'verify only this number of random keys, in all their windows', wholeNumber)
    .option('--seed <text>', 'seed of the sample: the same seed draws the same keys')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Queries every row, reads the offsets that the receipt names, and computes one plain fold over them.
Finds missing, surplus and different rows. Exit codes: 0 if all rows are equal; 1 with the first
differences; 4 with the ranges if offsets of the answer are no longer retained.

  either   the log, and the archive for offsets that retention has deleted (default)
  log      the log only
  archive  the archive, and the log for offsets that are not archived yet
  both     twice: against the log, then against the archive

A sample draws keys from the records and queries only these. It still reads every record. A view
that joins topics cannot be sampled, so all of it is verified.

Examples:
  $ npx bifold verify delays
  $ npx bifold verify delays --against archive
  $ npx bifold verify delays --sample 20 --seed 7`,
    )
    .action((name: string, options: Options) =>
      withContext(async (context) => {
        const pipeline = namedOf(await context.pipelines(), name);
        const windows = pipeline.plan.windows.map(({ name }) => name);
        const { window, sample, json } = options;
        if (window !== undefined && !windows.includes(window)) {
          throw new UsageError('BIFOLD_UNKNOWN_WINDOW', {
            failed: `pipeline "${name}" has no such window`,
            received: `"${window}"`,
            allowed: windows.join(', '),
            remedy: 'correct --window',
          });
        }
        if (sample !== undefined && sample > SAMPLE_MAX) {
          throw new UsageError('BIFOLD_SAMPLE_TOO_LARGE', {
            failed: 'a sample has more keys than one question may name',
            received: `--sample ${sample}`,
            allowed: `1 to ${SAMPLE_MAX}`,
            remedy: 'draw fewer, with several seeds, or leave --sample out to verify everything',
          });
        }
        const deployment = deployedAs(context.paths, pipeline);
        const startedAtMs = performance.now();
        const result = await verifyPipeline(context, pipeline, deployment, {
          windows: window === undefined ? windows : [window],
          sources: SOURCES[options.against] as readonly Source[],
          sample:
            sample === undefined ? null : { size: sample, seed: options.seed ?? String(randomInt(1, 1_000_000_000)) },
        });
        if (json) printJson({ ...result, differences: result.differences.slice(0, DIFFERENCES_SHOWN) });
        else {
          print(verdictText(result, performance.now() - startedAtMs));
          print(receiptText(result.receipt));
        }
        if (result.differences.length > 0) throw new Ended(EXIT.no);
        if (!result.equal) throw new Ended(EXIT.gone);
      }),
    );

/**
 * The result of a verification: `verify: equal` with the compared sources, the first differences,
 * or the offsets that can no longer be verified.
 */
export function verdictText(verified: Verification, tookMs: number): string {
  const { equal, records, rows, windows, differences, checks, sample } = verified;
  const each = Object.entries(windows).map(([window, count]) => `${window} ${number(count)}`);
  const compared = `${plural(records, 'record')}, ${plural(rows, 'row')} (${each.join(', ')})  ${seconds(tookMs)}`;
  const against = [
    ...checks.map(checkText),
    ...(sample ? [`  sample     ${plural(sample.keys, 'key')} of seed ${sample.seed}`] : []),
  ];
  const verdict = bold('verify:');
  if (equal) return [`${verdict} ${styled(['green', 'bold'], 'equal')}  ${compared}`, ...against].join('\n');
  if (differences.length === 0) {
    return [`${verdict} ${styled(['yellow', 'bold'], 'CANNOT BE VERIFIED')}  ${compared}`, ...against].join('\n');
  }
  const listed = differences.slice(0, DIFFERENCES_SHOWN).map(differenceText);
  return [
    `${verdict} ${styled(['red', 'bold'], 'NOT EQUAL')}  ${plural(differences.length, 'difference')} in ${compared}`,
    ...listed,
    ...(differences.length > listed.length ? [`  ... and ${number(differences.length - listed.length)} more`] : []),
    ...against,
  ].join('\n');
}

/** `  against    30 offsets of the archive, 12 of the log` */
function checkText({ log, archive, missing, differences }: Check): string {
  const places = Object.entries({ archive, log }).filter(([, offsets]) => offsets > 0);
  const read = places.map(
    ([place, offsets], index) => `${index === 0 ? plural(offsets, 'offset') : number(offsets)} of the ${place}`,
  );
  const gone = Object.keys(missing).length === 0 ? [] : [`NO LONGER RETAINED: ${coverageText(missing)}`];
  const different = differences > 0 ? [plural(differences, 'difference')] : [];
  return `  against    ${[read.join(', ') || 'nothing', ...gone, ...different].join('; ')}`;
}

function differenceText({ kind, window, start, key, answered, recomputed }: Difference): string {
  const place = [window, start ?? '', ...Object.values(key).map(cell)].filter(Boolean).join(' ');
  if (kind === 'missing')
    return `  missing    ${place}: the log has it, the answer does not: ${JSON.stringify(recomputed)}`;
  if (kind === 'extra')
    return `  extra      ${place}: the answer has it, the log does not: ${JSON.stringify(answered)}`;
  const names = Object.keys(recomputed ?? {}).filter((name) => !isSameResult(answered?.[name], recomputed?.[name]));
  const values = names.map((name) => `${name} ${cell(answered?.[name])}, recomputed ${cell(recomputed?.[name])}`);
  return `  ${kind.padEnd(10)} ${place}: ${values.join('; ')}`;
}

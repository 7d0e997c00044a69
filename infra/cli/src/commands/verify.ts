import { Command } from 'commander';
import { cell, receiptText } from '../answer-text.ts';
import type { Difference } from '../compare.ts';
import { withContext } from '../context.ts';
import { deploymentOf, namedOf } from '../deployments.ts';
import { Ended, EXIT, UsageError } from '../errors.ts';
import { bold, number, plural, print, printJson, seconds, styled } from '../terminal.ts';
import { type Verification, verifyPipeline } from '../verification.ts';

const DIFFERENCES_SHOWN = 10;

export const verifyCommand = (): Command =>
  new Command('verify')
    .description("recompute a pipeline's whole answer from the log, and compare every row")
    .argument('<pipeline>', 'its name')
    .option('--window <name>', 'one window only; all of them when it is left out')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Asks the API for every row, reads the offsets that its receipt names from Kafka, folds them once with the plain
interpreter, and compares both ways. Ends with 0 when all rows are equal, with 1 and the first differences when not.

Example:
  $ npx bifold verify delays`,
    )
    .action((name: string, { window, json }: { window?: string; json?: boolean }) =>
      withContext(async (context) => {
        const pipeline = namedOf(await context.pipelines(), name);
        const windows = pipeline.plan.windows.map((one) => one.name);
        if (window !== undefined && !windows.includes(window)) {
          throw new UsageError('BIFOLD_UNKNOWN_WINDOW', {
            failed: `pipeline "${name}" has no such window`,
            received: `"${window}"`,
            allowed: windows.join(', '),
            remedy: 'correct --window',
          });
        }
        const deployment = deploymentOf(context.paths, name);
        const startedAtMs = performance.now();
        const chosen = window === undefined ? windows : [window];
        const result = await verifyPipeline(context, pipeline, deployment, chosen);
        if (json) printJson({ ...result, differences: result.differences.slice(0, DIFFERENCES_SHOWN) });
        else {
          print(verdictText(result, performance.now() - startedAtMs));
          print(receiptText(result.receipt));
        }
        if (!result.equal) throw new Ended(EXIT.no);
      }),
    );

/** `verify: equal`, with what was compared; or the first differences. */
export function verdictText({ equal, records, rows, windows, differences }: Verification, tookMs: number): string {
  const each = Object.entries(windows).map(([window, count]) => `${window} ${number(count)}`);
  const compared = `${plural(records, 'record')}, ${plural(rows, 'row')} (${each.join(', ')})  ${seconds(tookMs)}`;
  if (equal) return `${bold('verify:')} ${styled(['green', 'bold'], 'equal')}  ${compared}`;
  const shown = differences.slice(0, DIFFERENCES_SHOWN).map(differenceText);
  return [
    `${bold('verify:')} ${styled(['red', 'bold'], 'NOT EQUAL')}  ${plural(differences.length, 'difference')} in ${compared}`,
    ...shown,
    ...(differences.length > shown.length ? [`  ... and ${number(differences.length - shown.length)} more`] : []),
  ].join('\n');
}

function differenceText({ kind, window, start, key, answered, recomputed }: Difference): string {
  const place = [window, start ?? '', ...Object.values(key).map(cell)].filter(Boolean).join(' ');
  if (kind === 'missing')
    return `  missing    ${place}: the log has it, the answer does not: ${JSON.stringify(recomputed)}`;
  if (kind === 'extra')
    return `  extra      ${place}: the answer has it, the log does not: ${JSON.stringify(answered)}`;
  const names = Object.keys(recomputed ?? {}).filter((name) => answered?.[name] !== recomputed?.[name]);
  const values = names.map((name) => `${name} ${cell(answered?.[name])}, recomputed ${cell(recomputed?.[name])}`);
  return `  ${kind.padEnd(10)} ${place}: ${values.join('; ')}`;
}

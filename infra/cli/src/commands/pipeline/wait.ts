import { Command } from 'commander';
import { type Context, withContext } from '../../context.ts';
import { deploymentOf, namedOf } from '../../deployment/deployments.ts';
import { plural, print, printJson, seconds } from '../../output/terminal.ts';
import { lagReader, waitForLag } from '../../verification/lag.ts';
import { wholeNumberOrZero } from '../option-values.ts';

interface Options {
  readonly lag: number;
  readonly json?: boolean;
}

export const waitCommand = (): Command =>
  new Command('wait')
    .description('wait until the answers of a pipeline hold what is in the log')
    .argument('<pipeline>', 'its name')
    .option('--lag <n>', 'until all but so many offsets are covered', wholeNumberOrZero, 0)
    .option('--json', 'print how it ended as JSON')
    .addHelpText(
      'after',
      `
For scripts: what was sent before it began is in the answers when it ends with 0. It waits as long as the lag shrinks, and
ends with 3 when that stands still for five minutes.

Examples:
  $ npx bifold wait delays
  $ npx bifold wait delays --lag 1000`,
    )
    .action((pipeline: string, options: Options) => withContext((context) => wait(context, pipeline, options)));

async function wait(context: Context, pipeline: string, { lag: most, json = false }: Options): Promise<void> {
  const { plan } = namedOf(await context.pipelines(), pipeline);
  const deployment = deploymentOf(context.paths, pipeline);
  const startedAtMs = performance.now();
  const lagNow = await lagReader(context, deployment, plan.storage);
  const lag = await waitForLag(deployment, lagNow, most, () => undefined);
  const waitedMs = Math.round(performance.now() - startedAtMs);
  if (json) return printJson({ pipeline, lag, waitedMs });
  print(`${pipeline}: ${plural(lag, 'record')} behind, after ${seconds(waitedMs)}`);
}

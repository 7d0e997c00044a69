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
    .description('wait until the answers of a pipeline cover the log')
    .argument('<pipeline>', 'name of the pipeline')
    .option('--lag <n>', 'number of offsets that may remain uncovered', wholeNumberOrZero, 0)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Exit code 0 means: answers include every record that was sent before the command began. The command
waits while the lag shrinks. It exits with 3 if the lag does not shrink for five minutes.

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

import { cdkEnvironment } from '@bifold/cloud';
import type { Pipeline } from '@bifold/core';
import { Command } from 'commander';
import { type Context, withContext } from '../../context.ts';
import { inTurn } from '../../deployment/deploy.ts';
import { deploymentOf, forgetDeployment, namedOf, readDeployments } from '../../deployment/deployments.ts';
import { UsageError } from '../../errors.ts';
import { print, printJson, step } from '../../output/terminal.ts';

export const destroyCommand = (): Command =>
  new Command('destroy')
    .description('delete the stacks of pipelines, but keep topics, tables and archives')
    .argument('<pipelines...>', 'names of pipelines')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Example:
  $ npx bifold destroy delays`,
    )
    .action((names: string[], { json }: { json?: boolean }) =>
      withContext(async (context) => {
        const pipelines = await context.pipelines();
        for (const name of names) checkDestroyable(context, pipelines, name);
        const { destroyPipeline } = await import('@bifold/cdk/deployment');
        for (const pipeline of names) {
          await step(context.onProgress, `destroy ${pipeline}`, () =>
            inTurn(() =>
              destroyPipeline({
                pipeline,
                ...unboundSources(namedOf(pipelines, pipeline)),
                environment: cdkEnvironment(context.addresses),
              }),
            ),
          );
          forgetDeployment(context.paths, pipeline);
          if (!json) print(`${pipeline} is destroyed; its topic, rows and archive stay.`);
        }
        await context.cloud.checkpoint();
        if (json) printJson({ destroyed: names });
      }),
    );

/** Destroying a stack synthesizes it, which needs the definition. */
function checkDestroyable(context: Context, pipelines: readonly Pipeline[], name: string): void {
  const isDeployed = readDeployments(context.paths).some(({ pipeline }) => pipeline === name);
  const isDefined = pipelines.some(({ plan }) => plan.name === name);
  if (isDeployed && !isDefined)
    throw new UsageError('BIFOLD_DEFINITION_GONE', {
      failed: `pipeline "${name}" is deployed, and its definition is not in layers/pipelines any more`,
      received: 'a deployment without a definition',
      allowed: 'a definition of that name, also one that has changed',
      remedy: 'add it to the list in layers/pipelines/src/index.ts again, destroy it, and take it out then',
    });
  namedOf(pipelines, name);
  deploymentOf(context.paths, name);
}

const NIL_UUID = '00000000-0000-0000-0000-000000000000';

/**
 * Placeholder ids for the sources of a relay: the app requires them, but destroying does not use
 * them.
 */
function unboundSources({ plan }: Pipeline): { readonly sources?: Readonly<Record<string, string>> } {
  if (plan.relay === undefined) return {};
  return { sources: Object.fromEntries(plan.relay.sources.map(({ topic }) => [topic, NIL_UUID])) };
}

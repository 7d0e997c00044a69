import type { ArchivedPartition, Recomputed } from '@bifold/engine';
import { Command } from 'commander';
import { type Context, withContext } from '../../context.ts';
import { deploymentOf } from '../../deployment/deployments.ts';
import { CliError } from '../../errors.ts';
import { checkTopics } from '../../kafka/topics/recreated-topic.ts';
import { archivedText, recomputedText } from '../../output/batch-text.ts';
import { plural, print, printJson, step } from '../../output/terminal.ts';

type Job = 'archive' | 'recompute' | 'sweep' | 'train';

/** Invokes a scheduled function of a pipeline once, now. */
export async function runJob(context: Context, pipeline: string, job: Job, event: object = {}): Promise<unknown> {
  const name = deploymentOf(context.paths, pipeline).functions[job];
  if (name === undefined) {
    throw new CliError('BIFOLD_NO_FUNCTION', {
      failed: `pipeline "${pipeline}" has no function for "${job}"`,
      received: 'a deployment without it',
      allowed: job === 'train' ? 'a deployment that trains on a schedule' : 'a deployment of this version',
      remedy: `npx bifold deploy ${pipeline}${job === 'train' ? ' -c training=installed' : ''}`,
    });
  }
  return (await context.aws()).invoke(name, event);
}

export const archiveCommand = (): Command =>
  jobCommand('archive', 'run the archive function now: copy new records to Parquet', (result, pipeline) =>
    archivedText(pipeline, result as readonly ArchivedPartition[]),
  );

export const recomputeCommand = (): Command =>
  jobCommand(
    'recompute',
    'run the recompute function now: fold the archive, and publish a generation',
    (result, pipeline) => recomputedText(pipeline, result as Recomputed),
  )
    .option('--accept-lost', 'publish past offsets that retention deleted before archiving; receipts always name them')
    .addHelpText('after', '  $ npx bifold recompute delays --accept-lost');

export const sweepCommand = (): Command =>
  jobCommand('sweep', 'run the sweeper now: delete data that queries no longer need', (result) => {
    const { segments, runs, complete } = result as {
      readonly segments: number;
      readonly runs: readonly string[];
      readonly complete: boolean;
    };
    const rest = complete ? '' : '; the next sweep goes on';
    return `deleted the fragments of ${plural(segments, 'segment')} and ${plural(runs.length, 'run')}${rest}`;
  });

function jobCommand(job: Job, description: string, tell: (result: unknown, pipeline: string) => string): Command {
  return new Command(job)
    .description(description)
    .argument('<pipeline>', 'name of the pipeline')
    .option('--json', "print the function's result as JSON")
    .addHelpText(
      'after',
      `
The function also runs on a schedule. This command invokes it once and waits for the result.

Example:
  $ npx bifold ${job} delays`,
    )
    .action((pipeline: string, { json, acceptLost }: { json?: boolean; acceptLost?: boolean }) =>
      withContext(async (context) => {
        const event = acceptLost ? { acceptLost: true } : {};
        // A sweep may delete data of a recreated topic's predecessor. The other jobs would wrongly
        // report that everything is archived or published.
        if (job !== 'sweep') await checkTopics(context, deploymentOf(context.paths, pipeline));
        const result = await step(context.onProgress, `${job} ${pipeline}`, () =>
          runJob(context, pipeline, job, event),
        );
        if (json) printJson(result);
        else print(tell(result, pipeline));
      }),
    );
}

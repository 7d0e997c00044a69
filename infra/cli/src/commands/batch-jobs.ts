import { Command } from 'commander';
import { type Context, withContext } from '../context.ts';
import { deploymentOf } from '../deployments.ts';
import { CliError } from '../errors.ts';
import { checkTopics } from '../recreated-topic.ts';
import { number, plural, print, printJson, step } from '../terminal.ts';

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

interface Archived {
  readonly records: number;
  readonly files: number;
  readonly behind: number;
  readonly lost: readonly unknown[];
}

export const archiveCommand = (): Command =>
  jobCommand('archive', 'keep what is new in the log as Parquet, now', (result) => {
    const partitions = result as readonly Archived[];
    const sum = (of: (one: Archived) => number) => partitions.reduce((total, one) => total + of(one), 0);
    const lost = sum((one) => one.lost.length);
    return [
      `archived ${plural(
        sum((one) => one.records),
        'record',
      )} in ${plural(
        sum((one) => one.files),
        'file',
      )}; ${number(sum((one) => one.behind))} are left`,
      ...(lost > 0 ? [`LOST: retention was faster in ${plural(lost, 'range')}; see npx bifold recompute --help`] : []),
    ].join('\n');
  });

export const recomputeCommand = (): Command =>
  jobCommand('recompute', 'fold the archive and publish a generation, now', (result) => {
    const { published, generation, rows, reason } = result as Record<string, unknown>;
    if (published === true) return `published generation ${generation} with ${number(Number(rows ?? 0))} rows`;
    const why =
      reason === 'nothing-new'
        ? 'the archive has no complete segment that the last generation lacks (npx bifold archive brings what is newer)'
        : String(reason);
    return `published nothing: ${why}`;
  })
    .option('--accept-lost', 'pass ranges that retention took before the archive did; receipts name them for ever')
    .addHelpText('after', '  $ npx bifold recompute delays --accept-lost');

export const sweepCommand = (): Command =>
  jobCommand('sweep', 'delete what no answer can need any more, now', (result) => {
    const { segments, runs, complete } = result as {
      readonly segments: number;
      readonly runs: readonly string[];
      readonly complete: boolean;
    };
    const rest = complete ? '' : '; the next sweep goes on';
    return `deleted the fragments of ${plural(segments, 'segment')} and ${plural(runs.length, 'run')}${rest}`;
  });

function jobCommand(job: Job, description: string, tell: (result: unknown) => string): Command {
  return new Command(job)
    .description(description)
    .argument('<pipeline>', 'its name')
    .option('--json', "print the function's result as JSON")
    .addHelpText(
      'after',
      `
The function runs on its schedule anyway; this invokes it once more and waits for its result.

Example:
  $ npx bifold ${job} delays`,
    )
    .action((pipeline: string, { json, acceptLost }: { json?: boolean; acceptLost?: boolean }) =>
      withContext(async (context) => {
        const event = acceptLost ? { acceptLost: true } : {};
        // A sweep deletes what the topic before left; the others would say that all is archived and published.
        if (job !== 'sweep') await checkTopics(context, deploymentOf(context.paths, pipeline));
        const result = await step(context.onProgress, `${job} ${pipeline}`, () =>
          runJob(context, pipeline, job, event),
        );
        if (json) printJson(result);
        else print(tell(result));
      }),
    );
}

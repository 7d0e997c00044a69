import type { Pipeline } from '@bifold/core';
import { type Answer, canonicalJson, type Plan, queryParametersOf, type Receipt } from '@bifold/core/engine';
import { parseQuery } from '@bifold/engine';
import { Command } from 'commander';
import { ask, askAll, type QueryBody } from '../../api.ts';
import { type Context, withContext } from '../../context.ts';
import { deploymentOf, namedOf } from '../../deployment/deployments.ts';
import { Ended, EXIT, UsageError } from '../../errors.ts';
import { warnOfOtherTopics } from '../../kafka/topics/recreated-topic.ts';
import { receiptText, rowsText } from '../../output/answer-text.ts';
import { dim, plural, print, printJson, warn } from '../../output/terminal.ts';
import { reproduce } from '../../verification/as-of.ts';
import { planOfAnswer } from '../../verification/handover.ts';
import { readSavedAnswer } from '../../verification/saved-answer.ts';
import { wholeNumber } from '../option-values.ts';

/** The query options of the command line. */
export interface QueryOptions {
  readonly window?: string;
  readonly key?: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly total?: boolean;
  readonly snapshot?: boolean;
  readonly parts?: boolean;
}

interface Options extends QueryOptions {
  readonly limit: number;
  readonly all?: boolean;
  readonly asOf?: string;
  readonly json?: boolean;
}

/** The options that select rows of a view. */
export const queryOptions = (command: Command): Command =>
  command
    .option('--window <name>', 'window of the pipeline; optional if it has only one')
    .option('--key <json>', 'key as JSON; may be repeated', (key: string, keys: string[] = []) => [...keys, key])
    .option('--from <time>', 'windows that start at or after this time')
    .option('--to <time>', 'windows that start before this time')
    .option('--total', 'one row per key, over all its windows')
    .option('--snapshot', 'use complete segments only, so that all rows cover the same offsets')
    .option('--parts', 'show the parts of each row from batch and from speed');

export const queryCommand = (): Command =>
  queryOptions(
    new Command('query')
      .description('query merged rows of a pipeline, and their receipt')
      .argument('[pipeline]', 'name of the pipeline; not needed with --as-of'),
  )
    .option('--limit <n>', 'rows per page', wholeNumber, 20)
    .option('--all', 'fetch every page')
    .option(
      '--as-of <receipt>',
      'reproduce an old answer from its file, from standard input (-), or from its receipt as JSON',
    )
    .option('--json', 'print the answer as JSON, byte for byte')
    .addHelpText(
      'after',
      `
Examples:
  $ npx bifold query delays --window daily --key '{"carrier":"UA","origin":"EWR"}' --total --parts
  $ npx bifold query delays --window hourly --from 2013-07-04T00:00:00Z --to 2013-07-05T00:00:00Z --all
  $ npx bifold query delays --window daily --total --all --json > answer.json
  $ npx bifold query --as-of answer.json --json

--as-of does not use the API. It folds the offsets of the receipt again: from the archive, or from
the log if they are not archived yet, with the lookup versions of that time. The bytes are the same
even if records were sent, published, swept or deleted since. Exit codes: 1 if the digest differs
from that of the receipt; 4 if the offsets are no longer retained.`,
    )
    .action((name: string | undefined, options: Options) =>
      withContext(async (context) => {
        const pipelines = await context.pipelines();
        const { asOf, limit, all, json } = options;
        if (asOf !== undefined) return replaySaved(context, pipelines, name, asOf, options);
        if (name === undefined) throw missingName();
        const pipeline = namedOf(pipelines, name);
        const deployment = deploymentOf(context.paths, name);
        const query = queryOf(options);
        const answer = all
          ? await askAll(context, deployment, query)
          : await ask(context, deployment, { ...query, limit });
        await warnOfOtherTopics(context, deployment);
        if (json) return printJson(answer);
        // The table has the columns of the version that answered, which may differ from the local
        // definition.
        print(answerText(await planOfAnswer(context, pipeline, answer.receipt), answer));
      }),
    );

export function queryOf({ window, key, from, to, total, snapshot, parts }: QueryOptions): QueryBody {
  return {
    ...(window === undefined ? {} : { window }),
    ...(key === undefined ? {} : { keys: key.map(keyOf) }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(total ? { total } : {}),
    ...(snapshot ? { snapshot } : {}),
    ...(parts ? { parts } : {}),
  };
}

function answerText(plan: Plan, { rows, receipt, cursor }: Answer): string {
  const { total = false, parts = false } = receipt.question;
  const more = dim(`... these are ${plural(rows.length, 'row')}; --all gives every page, --limit a longer one`);
  return [
    rows.length === 0 ? dim('no rows') : rowsText(plan, rows, { total, parts }),
    ...(cursor === null ? [] : [more]),
    `\n${receiptText(receipt)}`,
  ].join('\n');
}

/** The answer of a saved receipt, folded again. */
async function replaySaved(
  context: Context,
  pipelines: readonly Pipeline[],
  name: string | undefined,
  source: string,
  options: Options,
): Promise<void> {
  const saved = readSavedAnswer(source);
  const { receipt } = saved;
  const pipeline = namedOf(pipelines, receipt.pipeline);
  const query = parseQuery(pipeline.plan, { ...receipt.question });
  checkRepeated(pipeline.plan, receipt, name, options);
  const deployment = deploymentOf(context.paths, receipt.pipeline);
  const answer = await reproduce(context, pipeline, deployment, query, saved);
  if (options.json) printJson(answer);
  else print(answerText(pipeline.plan, answer));
  if (answer.receipt.digest === receipt.digest) return;
  warn(
    `this is not the answer that was given: its digest is ${answer.receipt.digest}, the receipt says ${receipt.digest}`,
  );
  throw new Ended(EXIT.no);
}

/** Refuses query options that differ from the query of the receipt. */
function checkRepeated(
  plan: Plan,
  { pipeline, question: query, page }: Receipt,
  name: string | undefined,
  options: Options,
): void {
  const refuse = (received: string, allowed: string): never => {
    throw new UsageError('BIFOLD_OTHER_QUESTION', {
      failed: 'a receipt is for one question, and another one was asked with it',
      received,
      allowed,
      remedy: 'leave the question out: the receipt names it; or leave --as-of out',
    });
  };
  if (name !== undefined && name !== pipeline) refuse(name, pipeline);
  const repeated = queryOf(options);
  const given = Object.keys(repeated).length === 0 ? query : queryParametersOf(plan, parseQuery(plan, { ...repeated }));
  if (canonicalJson(given) !== canonicalJson(query)) refuse(JSON.stringify(given), JSON.stringify(query));
  if (options.all && !(page.start === null && page.last)) refuse('--all', `a page of ${plural(page.rows, 'row')}`);
}

function missingName(): UsageError {
  return new UsageError('BIFOLD_BAD_USAGE', {
    failed: 'the command was not understood',
    received: 'neither a pipeline nor a receipt',
    allowed: 'a pipeline, or --as-of with an answer that was kept',
    remedy: 'npx bifold query --help',
  });
}

function keyOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UsageError(
      'BIFOLD_BAD_KEY',
      {
        failed: 'a key is not JSON',
        received: text.slice(0, 200),
        allowed: 'an object of the fields that the pipeline groups by, in single quotes for the shell',
        remedy: `--key '{"carrier":"UA","origin":"EWR"}'`,
      },
      { cause },
    );
  }
}

import { Command } from 'commander';
import { receiptText, rowsText } from '../answer-text.ts';
import { ask, askAll, type Question } from '../api.ts';
import { withContext } from '../context.ts';
import { deploymentOf, namedOf } from '../deployments.ts';
import { UsageError } from '../errors.ts';
import { dim, plural, print, printJson } from '../terminal.ts';
import { wholeNumber } from './deploy.ts';

interface Options {
  readonly window?: string;
  readonly key?: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly total?: boolean;
  readonly snapshot?: boolean;
  readonly parts?: boolean;
  readonly limit: number;
  readonly all?: boolean;
  readonly json?: boolean;
}

export const queryCommand = (): Command =>
  new Command('query')
    .description("ask a pipeline's API for merged rows and their receipt")
    .argument('<pipeline>', 'its name')
    .option('--window <name>', 'a window of the pipeline; may be left out when it has one only')
    .option('--key <json>', 'a key, as JSON; may be repeated', (key: string, keys: string[] = []) => [...keys, key])
    .option('--from <time>', 'windows that start at or after this time')
    .option('--to <time>', 'windows that start before this time')
    .option('--total', 'one row a key over all its windows')
    .option('--snapshot', 'all rows cover the same offsets: complete segments alone')
    .option('--parts', 'show what batch and speed each have of a row')
    .option('--limit <n>', 'rows of a page', wholeNumber, 20)
    .option('--all', 'every page')
    .option('--json', 'print the answer as JSON, exactly')
    .addHelpText(
      'after',
      `
Examples:
  $ npx bifold query delays --window daily --key '{"carrier":"UA","origin":"EWR"}' --total --parts
  $ npx bifold query delays --window hourly --from 2013-07-04T00:00:00Z --to 2013-07-05T00:00:00Z --all`,
    )
    .action((name: string, options: Options) =>
      withContext(async (context) => {
        const { plan } = namedOf(await context.pipelines(), name);
        const deployment = deploymentOf(context.paths, name);
        const { window, from, to, total, snapshot, parts, limit, all, json } = options;
        const question: Question = {
          ...(window === undefined ? {} : { window }),
          ...(options.key === undefined ? {} : { keys: options.key.map(keyOf) }),
          ...(from === undefined ? {} : { from }),
          ...(to === undefined ? {} : { to }),
          ...(total ? { total } : {}),
          ...(snapshot ? { snapshot } : {}),
          ...(parts ? { parts } : {}),
        };
        const answer = all
          ? await askAll(context, deployment, question)
          : await ask(context, deployment, { ...question, limit });
        if (json) return printJson(answer);
        print(
          answer.rows.length === 0
            ? dim('no rows')
            : rowsText(plan, answer.rows, { total: total === true, parts: parts === true }),
        );
        if (answer.cursor !== null)
          print(dim(`... these are the first ${plural(limit, 'row')}; --all gives every page, --limit a longer one`));
        print(`\n${receiptText(answer.receipt)}`);
      }),
    );

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

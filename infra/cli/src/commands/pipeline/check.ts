import { randomInt } from 'node:crypto';
import { Command } from 'commander';
import { withContext } from '../../context.ts';
import { namedOf } from '../../deployment/deployments.ts';
import { plural, print, printJson } from '../../output/terminal.ts';
import { wholeNumber } from '../option-values.ts';

interface Options {
  readonly seed?: number;
  readonly json?: boolean;
}

export const checkCommand = (): Command =>
  new Command('check')
    .description('check definitions, and try the aggregates of your own')
    .argument('[pipelines...]', 'their names; all of them when none is given, or "all"')
    .option('--seed <n>', 'tries the values of an earlier check', wholeNumber)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Loads the pipelines that layers/pipelines lists, and holds each aggregate of your own (defineAggregate) to what merging
relies on, with generated values of its field's type: merge is associative and commutative, empty changes nothing,
states are JSON and are the same when they are read again. What breaks a law is shown with the smallest values that do.
Nothing has to run for it; deploy does the same before it deploys.

Examples:
  $ npx bifold check
  $ npx bifold check delays --seed 42`,
    )
    .action((names: string[], { seed = randomInt(1, 2 ** 31 - 1), json }: Options) =>
      withContext(async (context) => {
        const { tryAggregates } = await import('../../deployment/aggregate-laws.ts');
        const pipelines = await context.pipelines();
        const isAll = names.length === 0 || names.includes('all');
        const chosen = isAll ? pipelines : names.map((name) => namedOf(pipelines, name));
        const checked = chosen.map((pipeline) => ({
          pipeline: pipeline.plan.name,
          version: pipeline.plan.version,
          aggregates: tryAggregates(pipeline, seed),
        }));
        if (json) return printJson({ seed, pipelines: checked });
        for (const { pipeline, version, aggregates } of checked) {
          print(`${pipeline} is well: ${version}${aggregates.length === 0 ? '' : `, tried with seed ${seed}`}`);
          for (const { aggregate, name, domain, laws } of aggregates)
            print(`  ${name}: ${aggregate} of ${domain}s keeps ${plural(laws, 'law')}`);
        }
      }),
    );

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
    .description('check definitions, and test the laws of custom aggregates')
    .argument('[pipelines...]', 'names of pipelines (default: all)')
    .option('--seed <n>', 'repeat a check with the values that it generated', wholeNumber)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Loads the pipelines that layers/pipelines lists. Tests each custom aggregate (defineAggregate) with
generated values of its field's type:
  - merge is associative and commutative, and empty is its identity;
  - states are JSON, and reading a stored state gives the same state.
A failure is shown with the smallest values that cause it. The check needs no running services.
\`deploy\` runs the same check first.

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

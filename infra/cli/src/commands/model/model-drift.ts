import type { Pipeline } from '@bifold/core';
import type { Drift } from '@bifold/engine';
import { type DriftReport, driftPlanOf, type FeatureDrift, THRESHOLDS, type Verdict } from '@bifold/models/engine';
import { Command, InvalidArgumentError } from 'commander';
import { figureText, percentText } from '../../charts/figure-text.ts';
import { sparkBins, sparks } from '../../charts/sparks.ts';
import { withContext } from '../../context.ts';
import { deploymentOf } from '../../deployment/deployments.ts';
import { driftOfDeployment } from '../../deployment/drift.ts';
import { CliError, Ended, EXIT, UsageError } from '../../errors.ts';
import { tableText } from '../../output/table.ts';
import { bold, dim, harmless, plural, print, printJson, styled } from '../../output/terminal.ts';

interface Options {
  readonly window?: string;
  readonly from?: string;
  readonly to?: string;
  readonly moved: number;
  readonly drifted: number;
  readonly json?: boolean;
}

export const driftCommand = (): Command =>
  new Command('drift')
    .description('compare the stream with the training data of a version')
    .argument('<pipeline>', 'name of a drift pipeline, or of its model')
    .argument('[version]', 'version of the model (default: the current one)')
    .option('--window <name>', 'window of that pipeline (default: the first one that has a start)')
    .option('--from <time>', 'combine the windows that start at or after this time (default: the newest window only)')
    .option('--to <time>', 'combine the windows that start before this time')
    .option('--moved <psi>', 'PSI from which a change is moderate', positive, THRESHOLDS.moved)
    .option('--drifted <psi>', 'PSI from which a change is large', positive, THRESHOLDS.drifted)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
For each feature and for the score, the report shows:
  PSI        population stability index over the training bins and nulls
  KS         Kolmogorov-Smirnov distance at the edges of these bins, for numbers
  by chance  the value that chance alone exceeds once in a thousand times
  nulls      the share of nulls in training and now
  training, stream  both distributions
The limits of 0.1 and 0.25 are Siddiqi's (Credit Risk Scorecards, 2006). A change that chance can
explain counts as stable, however large it is (Yurdakul and Naranjo, 2020).

drift(pipeline, model) defines a drift pipeline. Exits with 1 if something has drifted.

Examples:
  $ npx bifold model drift wine
  $ npx bifold model drift wine-drift --window ever --json
  $ npx bifold model drift wine-drift --from 2026-11-01T00:00:00Z --drifted 0.2`,
    )
    .action((name: string, version: string | undefined, options: Options) =>
      withContext(async (context) => {
        const { plan } = driftPipeline(await context.pipelines(), name);
        const { moved, drifted, json, ...range } = options;
        const thresholds = { moved, drifted };
        const drift = await driftOfDeployment(context, plan, deploymentOf(context.paths, plan.name), {
          ...range,
          ...(version === undefined ? {} : { version }),
          thresholds,
        });
        const report = drift?.report ?? null;
        if (report === null) throw unknown(plan.name, drift as Drift);
        if (json) printJson({ pipeline: plan.name, thresholds, ...report });
        else print(reportText(plan.name, report));
        if (report.verdict === 'drifted') throw new Ended(EXIT.no);
      }),
    );

function positive(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a number above 0.');
}

/**
 * Finds the drift pipeline of this name, or of the model of this name.
 * @throws {UsageError} when none counts drift under that name, or several do
 */
function driftPipeline(pipelines: readonly Pipeline[], name: string): Pipeline {
  const counting = pipelines.filter(({ plan }) => driftPlanOf(plan) !== null);
  const named = counting.filter(({ plan }) => plan.name === name);
  const found = named.length > 0 ? named : counting.filter(({ plan }) => driftPlanOf(plan)?.model === name);
  if (found.length === 1) return found[0] as Pipeline;
  throw new UsageError('BIFOLD_NO_DRIFT_PIPELINE', {
    failed: found.length === 0 ? `no pipeline counts drift of "${name}"` : `several pipelines count drift of "${name}"`,
    received: `"${name}"`,
    allowed:
      (found.length === 0 ? counting : found).map(({ plan }) => plan.name).join(', ') ||
      'none: layers/pipelines lists no such pipeline',
    remedy:
      found.length === 0
        ? 'add drift(pipeline, model) to the list in layers/pipelines/src/index.ts, and deploy it'
        : 'name the pipeline instead of the model',
  });
}

const UNKNOWN = {
  'no-version': (model: string) => ({
    received: `no version of "${model}" is current`,
    remedy: `npx bifold model promote ${model}, or name one: npx bifold model drift <pipeline> <version>`,
  }),
  'nothing-scored': (model: string, version: string | null) => ({
    received: `no record that ${version} of "${model}" scored`,
    remedy: 'wait until records came after its promotion, or name another version or range',
  }),
  'no-distributions': (model: string, version: string | null) => ({
    received: `${version} of "${model}", which was trained before distributions were kept`,
    remedy: `train it again: npx bifold train ${model}`,
  }),
} as const;

function unknown(pipeline: string, { model, version, reason }: Drift): CliError {
  return new CliError('BIFOLD_DRIFT_UNKNOWN', {
    failed: `what "${pipeline}" counts can be compared with nothing yet`,
    allowed: 'records that were scored by a version that knows how its training was spread',
    ...UNKNOWN[reason ?? 'no-version'](model, version),
  });
}

const COLOURS = { drifted: ['red', 'bold'], moved: 'yellow', stable: 'green', unknown: 'dim' } as const;
const marked = (verdict: Verdict): string => styled(COLOURS[verdict] as never, verdict);

function reportText(pipeline: string, { model, version, window, records, rows, verdict, drifts }: DriftReport): string {
  const right = (title: string) => ({ title, align: 'right' as const });
  const range =
    window.start === null && window.end === null
      ? window.name
      : `${window.name} ${window.start ?? ''} to ${window.end ?? 'now'}`;
  const table = tableText(
    [
      { title: '' },
      right('PSI'),
      right('by chance'),
      right('KS'),
      right('by chance'),
      right('nulls then'),
      right('now'),
      { title: 'training' },
      { title: 'stream' },
      { title: '' },
    ],
    drifts.map((each) => [
      each.feature === null ? bold('score') : harmless(each.feature),
      ...[each.psi, each.psiByChance, each.ks, each.ksByChance].map((value) => value?.toFixed(3) ?? ''),
      ...[each.nulls.trained, each.nulls.now].map((share) => (share === 0 ? '' : percentText(share))),
      ...plots(each),
      marked(each.verdict),
    ]),
  );
  const worst = drifts.filter((each) => each.verdict === 'drifted');
  return [
    `${bold(model)} ${version} in ${pipeline}, ${range}: ${marked(verdict)}`,
    dim(
      `${plural(records, 'record')} against ${plural(rows.features, 'row')} of training, ${plural(rows.score, 'row')} held out for the score`,
    ),
    '',
    table,
    ...worst.map((each) => `\n${detailText(each)}`),
  ].join('\n');
}

/** Both distributions, drawn with one scale. */
function plots({ trained, now }: FeatureDrift): readonly string[] {
  const shares = [sharesOf(trained), sharesOf(now)];
  const most = Math.max(...shares.flatMap((each) => sparkBins(each)), Number.MIN_VALUE);
  return shares.map((each) => sparks(each, most));
}

function sharesOf(counts: readonly number[]): readonly number[] {
  const total = counts.reduce((sum, each) => sum + each, 0);
  return counts.map((each) => (total === 0 ? 0 : each / total));
}

const BAR_WIDTH = 30;

/** The bins of a drifted feature, one per line, and nulls if there are any. */
function detailText({ feature, type, bins, trained, now, nulls }: FeatureDrift): string {
  const hasNulls = nulls.trained + nulls.now > 0;
  const ofAll = (counts: readonly number[], nullShare: number) => [
    ...sharesOf(counts).map((share) => share * (1 - nullShare)),
    ...(hasNulls ? [nullShare] : []),
  ];
  const [before, after] = [ofAll(trained, nulls.trained), ofAll(now, nulls.now)];
  const most = Math.max(...before, ...after, Number.MIN_VALUE);
  const bar = (share: number) => '█'.repeat(Math.round((share / most) * BAR_WIDTH)).padEnd(BAR_WIDTH);
  const labels =
    type === 'number' ? rangesOf(bins as readonly number[]) : [...bins.map((each) => harmless(String(each))), 'others'];
  return tableText(
    [
      { title: feature === null ? 'score' : harmless(feature) },
      { title: 'training', align: 'right' },
      { title: '' },
      { title: 'stream', align: 'right' },
      { title: '' },
    ],
    [...labels, ...(hasNulls ? ['null'] : [])].map((label, bin) => [
      label,
      percentText(before[bin] as number),
      dim(bar(before[bin] as number)),
      percentText(after[bin] as number),
      bar(after[bin] as number),
    ]),
  );
}

function rangesOf(edges: readonly number[]): readonly string[] {
  if (edges.length === 0) return ['all'];
  const first = `below ${figureText(edges[0])}`;
  const last = `from ${figureText(edges.at(-1))}`;
  return [first, ...edges.slice(1).map((edge, index) => `${figureText(edges[index])} to ${figureText(edge)}`), last];
}

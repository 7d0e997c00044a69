import { copyFileSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Pipeline } from '@bifold/core';
import type { AnswerRow } from '@bifold/core/engine';
import type { ModelDefinition } from '@bifold/models';
import { promoted } from '@bifold/models/engine';
import { Argument, Command } from 'commander';
import { askAll } from '../../api.ts';
import { figureText } from '../../charts/figure-text.ts';
import { linesOf } from '../../cloud/flights.ts';
import { type Context, withContext } from '../../context.ts';
import { loadDefinitions } from '../../deployment/definitions.ts';
import { ensureDeployed } from '../../deployment/deploy.ts';
import { loadLookupFile } from '../../deployment/lookup-tables.ts';
import { checkGate, gateOf } from '../../deployment/model-versions.ts';
import { converge } from '../../deployment/provisioning.ts';
import { Ended, EXIT } from '../../errors.ts';
import { keyedLines } from '../../kafka/producers/produce.ts';
import { produceOnce } from '../../kafka/producers/produce-once.ts';
import { deleteTopic } from '../../kafka/topics/delete-topic.ts';
import { cell, receiptText } from '../../output/answer-text.ts';
import { Phases } from '../../output/phases.ts';
import { tableText } from '../../output/table.ts';
import { dim, number, plural, print, step, tell } from '../../output/terminal.ts';
import { onnxRuntimeOf } from '../../training/onnx.ts';
import { lagReader, waitForLag } from '../../verification/lag.ts';
import { verifyPipeline } from '../../verification/verification.ts';
import { trainAndStore } from '../model/train.ts';
import { wholeNumber } from '../option-values.ts';
import { runJob } from '../pipeline/batch-jobs.ts';
import { verdictText } from '../pipeline/verify.ts';

/** An example of a model, from its data to the view with its predictions. */
interface Example {
  readonly pipeline: Pipeline;
  readonly model: ModelDefinition;
  /** The file with the training data. */
  readonly learningFile: string;
  /** The records of the topic, one JSON text per line. */
  readonly recordsFile: string;
  readonly lookups: Readonly<Record<string, string>>;
  readonly files: readonly string[];
}

type Name = 'wine' | 'salary';

const EXAMPLES: Readonly<Record<Name, (context: Context) => Promise<Example>>> = {
  async wine({ paths, onProgress }) {
    const [{ ensureWines }, { wine: pipeline, wineModel: model }] = await Promise.all([
      import('../../examples/wine.ts'),
      loadDefinitions(() => import('@bifold/example-wine')),
    ]);
    const { wineFile: learningFile, recordsFile } = await ensureWines(paths, onProgress);
    return { pipeline, model, learningFile, recordsFile, lookups: {}, files: [learningFile, recordsFile] };
  },
  async salary({ paths, onProgress }) {
    const [{ ensureSalaries }, { salary: pipeline, salaryModel: model }] = await Promise.all([
      import('../../examples/salary.ts'),
      loadDefinitions(() => import('@bifold/example-salary')),
    ]);
    const found = await ensureSalaries(paths, onProgress);
    const { learningFile, jobsFile: recordsFile, peopleFile } = found;
    const files = [learningFile, recordsFile, peopleFile];
    return { pipeline, model, learningFile, recordsFile, lookups: { people: found.peopleFile }, files };
  },
};

interface Options {
  readonly fresh?: boolean;
  readonly rate?: number;
  readonly data?: string;
}

export const exampleCommand = (): Command =>
  new Command('example')
    .description('run an example of a model: train, promote, score a stream, verify')
    .addArgument(new Argument('<name>', 'name of the example').choices(Object.keys(EXAMPLES)))
    .option('--fresh', 'start over: delete and create the topic, and train the model again')
    .option('--rate <n>', 'records per second (default: as fast as possible)', wholeNumber)
    .option('--data <folder>', 'only copy the data of the example into this folder')
    .addHelpText(
      'after',
      `
  wine    predicts the cultivar of 178 wines from chemical measures, by logistic regression
  salary  predicts the salary of 526 people by a random forest; a topic of jobs is joined with a
          table of people

Starts the local cloud. Trains and promotes the model, unless a version is promoted already. Deploys
the pipeline, sends the stream, and publishes a batch generation. Then it verifies every prediction
of the merged view against a plain fold with the same model version. The local cloud stays up.

Examples:
  $ npx bifold example wine
  $ npx bifold example salary --fresh
  $ npx bifold example salary --data .`,
    )
    .action((name: Name, options: Options) => withContext((context) => example(context, EXAMPLES[name], options)));

async function example(
  context: Context,
  open: (context: Context) => Promise<Example>,
  { fresh = false, rate, data }: Options,
): Promise<void> {
  const { onProgress } = context;
  if (data !== undefined) return putData(await open(context), data);
  const phases = new Phases();
  const [one] = await phases.run('The local cloud', () => Promise.all([open(context), converge(context)]));
  const { pipeline, model, recordsFile, lookups } = one;
  const { plan } = pipeline;
  await phases.run(`The model "${model.name}"`, () => ensureModel(context, one, fresh));
  const deployment = await phases.run(`The pipeline "${plan.name}"`, async () => {
    if (fresh) await step(onProgress, `delete topic ${plan.topic}`, () => deleteTopic(context, plan.topic));
    for (const [name, file] of Object.entries(lookups)) await loadLookupFile(context, name, file);
    return ensureDeployed(context, pipeline);
  });
  await phases.run('The stream', async () => {
    const records = keyedLines(linesOf(recordsFile), plan.partitionBy);
    const stream = { address: `the stream of example ${plan.name}`, records: () => records };
    const { sent, skipped } = await produceOnce(context, plan.topic, [stream], { rate: rate ?? null });
    await waitForLag(deployment, await lagReader(context, deployment, plan.storage), 0, () => {});
    const batch = async () => {
      await runJob(context, plan.name, 'archive');
      await runJob(context, plan.name, 'recompute');
    };
    await step(onProgress, 'a batch generation', batch);
    tell(`  sent ${plural(sent, 'record')}${skipped > 0 ? `, ${number(skipped)} were sent before` : ''}`);
  });
  const window = plan.windows[0]?.name as string;
  await phases.run('The table', async () => {
    const { rows } = await askAll(context, deployment, { window });
    print(`\n${rowsText(pipeline, rows)}\n`);
  });
  const verified = await phases.run('The verification', () =>
    verifyPipeline(context, pipeline, deployment, { windows: [window], sources: ['either'], sample: null }),
  );
  print(`\n${receiptText(verified.receipt)}\n\n${verdictText(verified, 0)}\n\n${dim('time')}  ${phases.text()}`);
  if (!verified.equal) throw new Ended(EXIT.no);
}

function putData({ files }: Example, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const file of files) {
    copyFileSync(file, join(folder, basename(file)));
    print(join(folder, basename(file)));
  }
}

/** Trains and promotes, unless a version is promoted already. */
async function ensureModel(context: Context, { model, learningFile }: Example, fresh: boolean): Promise<void> {
  const registry = await context.models();
  const before = await registry.readPointer(model.name);
  if (before.current !== null && !fresh) {
    tell(`  ${before.current} is the current version`);
    return;
  }
  const trained = await trainAndStore(context, model, { from: learningFile, register: true });
  const checkOnnx = onnxRuntimeOf(context.paths, context.onProgress);
  checkGate(model.name, trained.version, await gateOf(registry, model.name, trained.version, before, checkOnnx));
  await registry.movePointer(model.name, before, promoted(before, trained.version));
  const { heldOut } = trained.metrics;
  const [measure, value] = Object.entries(heldOut)[0] as [string, number];
  tell(`  ${trained.version} is trained and promoted: ${measure} ${figureText(value)} on rows held out`);
}

const SHOWN = 12;

/** The first rows by key, with their values. */
function rowsText({ plan }: Pipeline, rows: readonly AnswerRow[]): string {
  const columns = plan.aggregates.map(({ name }) => name);
  const key = plan.groupBy[0] as string;
  const shown = [...rows].sort((left, right) => Number(left.key[key]) - Number(right.key[key])).slice(0, SHOWN);
  const cells = shown.map((row) => [String(row.key[key]), ...columns.map((name) => cell(row.values[name]))]);
  const titles = [{ title: key, align: 'right' as const }, ...columns.map((title) => ({ title }))];
  const more = rows.length > SHOWN ? `\n… ${plural(rows.length, 'row')} in all` : '';
  return `${tableText(titles, cells)}${more}`;
}

import { join, resolve } from 'node:path';
import type { Refusal, TrainedOn, TrainedOnSchedule, Version } from '@bifold/functions/training';
import type { ModelDefinition } from '@bifold/models';
import { learnsFromArchive } from '@bifold/models/engine';
import { Command } from 'commander';
import { figureText } from '../../charts/figure-text.ts';
import { type Context, withContext } from '../../context.ts';
import { definitions } from '../../deployment/definitions.ts';
import { Ended, EXIT, UsageError } from '../../errors.ts';
import { bold, dim, plural, print, printJson, seconds, step, tell } from '../../output/terminal.ts';
import type { TrainingEvent } from '../../training/python.ts';
import type { Trained } from '../../training/train.ts';
import { type ReadingChoice, readingOf, withReadingOptions } from '../reading-options.ts';

interface Options extends ReadingChoice {
  readonly from?: string;
  readonly out?: string;
  readonly register: boolean;
  readonly deployed?: boolean;
  readonly json?: boolean;
}

export const trainCommand = (): Command =>
  withReadingOptions(
    new Command('train')
      .description('train a model from the archive of its pipeline, or from a file')
      .argument('<model>', 'name of the model')
      .option('--from <file>', 'train from a .csv, .jsonl or .parquet file (default: from the archive)')
      .option('--out <folder>', 'folder for versions (default: .bifold/models)')
      .option('--no-register', 'do not add the version to the registry of the local cloud')
      .option('--deployed', 'invoke the scheduled training function of the pipeline, and wait for it')
      .option('--json', 'print the result as JSON'),
  )
    .addHelpText(
      'after',
      `
Define a model with defineModel({ name, from, features, target, task, estimator, grid, folds, split,
seed }), and list it in layers/pipelines. Training from the archive uses the records that the
published generation covers. Cross-validation tries each setting of the grid. The best one is
measured on held-out rows, and stored as a version with a report. No pipeline scores with the
version before npx bifold model promote <model>.

The first training installs scikit-learn (430 MB, checked against committed hashes). The same rows,
definition and libraries give the same model, byte for byte.

--deployed needs a pipeline that was deployed with -c training=... The function adds the version to
the registry. The command exits with 1 if there are no rows or no new rows to learn from.

Training exits with 1 and changes nothing if the data cannot be learned from: no labels, one class,
a constant or empty feature, too few rows. It does the same if Bifold or ONNX Runtime do not score
the version as scikit-learn does.

Examples:
  $ npx bifold train wine --from wine.csv
  $ npx bifold train salary --from people.parquet --json
  $ npx bifold train wine --from wine.csv --no-register --out ./models
  $ npx bifold train alcohol --deployed`,
    )
    .action((name: string, options: Options) =>
      withContext(async (context) => {
        const { models } = await definitions();
        const definition = definitionOf(models, name);
        if (options.deployed) return trainDeployed(context, definition, options);
        const trained = await trainAndStore(context, definition, options);
        if (options.json) printJson(resultOf(trained));
        else print(trainedText(trained));
      }),
    );

/** @throws {UsageError} when no model has that name */
function definitionOf(models: readonly ModelDefinition[], name: string): ModelDefinition {
  const found = models.find((model) => model.name === name);
  if (found) return found;
  throw new UsageError('BIFOLD_UNKNOWN_MODEL', {
    failed: `there is no model "${name}" to train`,
    received: `"${name}"`,
    allowed: models.map((model) => model.name).join(', ') || 'none: layers/pipelines lists no model',
    remedy: 'correct the name, or add the model to the list in layers/pipelines/src/index.ts',
  });
}

/** Invokes the training function of the pipeline, as its schedule does. */
async function trainDeployed(
  context: Context,
  definition: ModelDefinition,
  { from, out, json }: Options,
): Promise<void> {
  if (from !== undefined || out !== undefined)
    throw new UsageError('BIFOLD_BAD_USAGE', {
      failed: 'the command was not understood',
      received: `--deployed and ${from === undefined ? '--out' : '--from'}`,
      allowed: '--deployed, which learns from the archive into the registry, or the other options',
      remedy: 'npx bifold train --help',
    });
  const { name, plan, target } = definition;
  if (plan === null) throw noSource(name);
  if (!learnsFromArchive(definition))
    throw new UsageError('BIFOLD_NOTHING_TO_LEARN', {
      failed: `model "${name}" cannot learn from the archive of "${plan.name}"`,
      received: `a target "${target}" that its events do not have`,
      allowed: 'a target among the columns of the pipeline',
      remedy: `npx bifold train ${name} --from <file>, or let the events carry "${target}"`,
    });
  const { runJob } = await import('../pipeline/batch-jobs.ts');
  const result = (await runJob(context, plan.name, 'train', { model: name })) as TrainedOnSchedule;
  if (json) printJson(result);
  else print(deployedText(result));
  if (!result.trained) throw new Ended(EXIT.no);
}

function deployedText(result: TrainedOnSchedule): string {
  if (result.trained) {
    const [measure, value] = Object.entries(result.heldOut)[0] as [string, number];
    return `${bold(result.model)}: ${result.version} is in the registry, ${measure} ${figureText(value)} on rows held out\n\nTo score with it: npx bifold model promote ${result.model}`;
  }
  const why = result.reason === 'refused' ? refusalText(result.refused) : NOT_TRAINED[result.reason];
  return `${bold(result.model)} is not trained: ${why}`;
}

const NOT_TRAINED = {
  'nothing-published': 'nothing is published to learn from',
  'nothing-new': 'nothing was published since its newest version',
};

function refusalText({ failed, received, code }: Refusal): string {
  return `${failed}: ${received}  [${code}]`;
}

interface Learned extends Trained {
  readonly registered: boolean;
  readonly ms: number;
}

/** Trains a version of a model, and stores it. */
export async function trainAndStore(
  context: Context,
  definition: ModelDefinition,
  { from, out, register, ...choice }: Omit<Options, 'json'>,
): Promise<Learned> {
  const startedAtMs = performance.now();
  const { paths, onProgress } = context;
  const { trainFromFile, trainVersion } = await import('../../training/train.ts');
  const models = out === undefined ? join(paths.stateDir, 'models') : resolve(out);
  const places = { paths, onProgress, models, onEvent: tellEvent };
  const trained =
    from === undefined
      ? await trainVersion(definition, places, (tableFile) => archiveTable(context, definition, tableFile))
      : await trainFromFile(definition, from, places, readingOf(choice));
  const registered = register && (await store(context, trained));
  return { ...trained, registered, ms: Math.round(performance.now() - startedAtMs) };
}

async function archiveTable(context: Context, definition: ModelDefinition, tableFile: string): Promise<TrainedOn> {
  const { plan, name } = definition;
  if (plan === null) throw noSource(name);
  const { writeDeployedTable } = await import('../../training/archive-table.ts');
  return step(context.onProgress, `the training table of ${name}`, () =>
    writeDeployedTable(context, definition, plan, tableFile),
  );
}

function noSource(name: string): UsageError {
  return new UsageError('BIFOLD_NOTHING_TO_LEARN', {
    failed: `model "${name}" has nothing to learn from`,
    received: 'a model without a pipeline, and no --from',
    allowed: 'a file of rows',
    remedy: `npx bifold train ${name} --from <file>`,
  });
}

async function store(context: Context, { name, version, folder }: Version): Promise<boolean> {
  const registry = await context.models();
  return step(context.onProgress, `the registry takes ${name} ${version}`, () =>
    registry.create(name, version, folder),
  );
}

function tellEvent(event: TrainingEvent): void {
  switch (event.kind) {
    case 'step':
      tell(dim(`  ${event.text}`));
      break;
    case 'grid': {
      const settings = Object.entries(event.settings).map(([setting, value]) => `${setting} ${value}`);
      const width = String(event.of).length;
      tell(
        `  ${String(event.done).padStart(width)}/${event.of}  ${event.metric} ${figureText(event.mean)} ± ${figureText(event.deviation)}  ${dim(settings.join(', '))}`,
      );
      break;
    }
    case 'done':
      break;
  }
}

function resultOf({ name, version, folder, registered, metrics, settings, trainedOn }: Learned) {
  return { model: name, version, folder, registered, settings, metrics, trainedOn };
}

function trainedText({ name, version, folder, registered, metrics, settings, ms }: Learned): string {
  const { heldOut, baseline, rows } = metrics;
  const of = (from: object, measure: string) => figureText((from as Record<string, number>)[measure]);
  const names = metrics.task === 'regression' ? ['rmse', 'mae', 'r2'] : ['accuracy', 'f1', 'auc'];
  const chosen = Object.entries(settings).map(([setting, value]) => `${setting} ${value}`);
  const facts: readonly (readonly [string, string])[] = [
    ['version', `${version}${registered ? ', in the registry' : ''}`],
    ['rows', `${plural(rows.learned, 'row')} learned from, ${plural(rows.heldOut, 'row')} held out`],
    ...(chosen.length > 0 ? [['settings', chosen.join(', ')] as const] : []),
    ...names.map(
      (measure) => [measure, `${of(heldOut, measure)}  (a constant guess: ${of(baseline, measure)})`] as const,
    ),
    ['report', join(folder, 'report.html')],
    ['time', seconds(ms)],
  ];
  const lines = facts.map(([label, text]) => `${dim(label.padEnd(9))} ${text}`);
  const next = registered ? [`\nTo score with it: npx bifold model promote ${name}`] : [];
  return [`${bold(name)} is trained`, ...lines, ...next].join('\n');
}

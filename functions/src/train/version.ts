import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { canonicalJson, ModelError } from '@bifold/core/engine';
import type { ModelDefinition } from '@bifold/models';
import { checkGolden, MODEL_LIMITS, readModel, scorerOf } from '@bifold/models/engine';
import { checkFidelity } from './fidelity.ts';
import type { Fitted, FittedFeature, Metrics, Shown, TrainedOn } from './learned.ts';

export interface Version {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
  readonly metrics: Metrics;
  readonly settings: Readonly<Record<string, number>>;
}

/** The data of a training report. */
export interface Learning {
  readonly definition: ModelDefinition;
  readonly version: string;
  readonly settings: Readonly<Record<string, number>>;
  readonly metrics: Metrics;
  readonly shown: Shown | null;
  readonly features: readonly FittedFeature[];
  readonly trainedOn: TrainedOn;
}

/** The digest of a definition without its plan, which has its own version. */
export function definitionDigest({ plan: _, ...definition }: ModelDefinition): string {
  return sha256(canonicalJson(definition));
}

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

/**
 * Makes a version from the result of training in `draft`, as a folder below `models/<name>/`. The
 * manifest is written last. The folder is named by time and content, so the same input gives the
 * same last eight digits. Without `reportOf` there is no report.
 *
 * @throws {ModelError} when it is too large, or not scored as scikit-learn scored it; then there is
 * no folder
 */
export function makeVersion(
  definition: ModelDefinition,
  trainedOn: TrainedOn,
  draft: string,
  models: string,
  now: Date,
  reportOf: ((learning: Learning) => string) | null,
): Version {
  const read = <T>(name: string): T => JSON.parse(readFileSync(join(draft, name), 'utf8')) as T;
  const { classes, features, model, distributions, settings } = read<Fitted>('fitted.json');
  const metrics = read<Metrics>('metrics.json');
  const shown = read<Shown | null>('shown.json');
  const libraries = read<Readonly<Record<string, string>>>('libraries.json');
  const { name, task, target, split, folds, seed, heldOutShare, grid, estimator, plan } = definition;
  const featurePlan = sha256(canonicalJson(features));
  const content = { format: 1, name, task, classes, features, model, featurePlan, distributions };
  const version = `${timeText(now)}-${sha256(canonicalJson(content)).slice(0, 8)}`;
  const modelText = canonicalJson({ ...content, version });
  if (Buffer.byteLength(modelText) > MODEL_LIMITS.sizeBytes) throw tooLarge(name, Buffer.byteLength(modelText));
  // The learner may be of another release, so this code checks its result.
  const golden = readFileSync(join(draft, 'golden.json'));
  const scorer = scorerOf(readModel(Buffer.from(modelText), name, version));
  checkFidelity(name, version, checkGolden(scorer, golden), metrics.onnx);

  const texts: Record<string, string | Uint8Array> = {
    'model.json': modelText,
    'model.onnx': readFileSync(join(draft, 'model.onnx')),
    'golden.json': golden,
    'metrics.json': `${JSON.stringify(metrics, null, 2)}\n`,
  };
  if (reportOf !== null)
    texts['report.html'] = reportOf({ definition, version, settings, metrics, shown, features, trainedOn });
  const manifest = {
    format: 1,
    name,
    version,
    createdAt: now.toISOString(),
    task,
    target,
    featurePlan,
    pipeline: plan?.name ?? null,
    definition: definitionDigest(definition),
    trainedOn,
    rows: metrics.rows,
    split,
    heldOutShare,
    folds,
    seed,
    estimator,
    grid,
    settings,
    crossValidation: metrics.crossValidation,
    libraries,
    onnx: metrics.onnx,
    files: Object.fromEntries(Object.entries(texts).map(([file, data]) => [file, sha256(data)])),
  };
  const folder = join(models, name, version);
  const building = `${folder}.${process.pid}`;
  rmSync(building, { recursive: true, force: true });
  mkdirSync(building, { recursive: true });
  for (const [file, data] of Object.entries(texts)) writeFileSync(join(building, file), data);
  writeFileSync(join(building, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  mkdirSync(dirname(folder), { recursive: true });
  if (existsSync(folder)) rmSync(building, { recursive: true });
  else renameSync(building, folder);
  return { name, version, folder, metrics, settings };
}

/** `20261122-235959`, in UTC, so that names of versions are ordered by time. */
function timeText(now: Date): string {
  return now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
}

function tooLarge(name: string, sizeBytes: number): ModelError {
  return new ModelError('BIFOLD_MODEL_TOO_LARGE', {
    failed: `model "${name}" was learned, but cannot be used`,
    received: `${sizeBytes} bytes of model.json`,
    allowed: `at most ${MODEL_LIMITS.sizeBytes} bytes`,
    remedy: 'fewer or shallower trees, more rows in each leaf, fewer categories',
  });
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelPointer, ModelRegistry } from '@bifold/core/engine';
import { checkFidelity, type OnnxJudgement, onnxDiffers } from '@bifold/functions/training';
import {
  checkGolden,
  type GoldenResult,
  MANIFEST_FILE,
  MODEL_LIMITS,
  type ModelFile,
  readManifest,
  readModel,
  scorerOf,
} from '@bifold/models/engine';
import { CheckFailed, CliError, messageOf, UsageError } from '../errors.ts';
import type { CheckOnnx, OnnxCheck } from '../training/onnx.ts';

/** Numbers of a version on rows that it did not learn from, by name. */
export type Measures = Readonly<Record<string, number>>;

/** A version with its training measures. */
export interface ModelVersion {
  readonly name: string;
  readonly version: string;
  readonly task: ModelFile['task'];
  readonly kind: ModelFile['model']['kind'];
  readonly features: readonly string[];
  readonly featurePlan: string;
  readonly measures: Measures;
  /** The training record: libraries, seed, grid, and the offsets of the training rows. */
  readonly manifest: Readonly<Record<string, unknown>>;
}

/** The measure that selects a version, for each task, and whether a larger value is better. */
const CHOSEN_BY = {
  regression: { measure: 'rmse', more: false },
  classification: { measure: 'accuracy', more: true },
} as const;

/** The results of the tests before a promotion. */
export interface Gate {
  readonly golden: GoldenResult;
  /**
   * The ONNX result of training, or of a run on this machine. Null for versions without an ONNX
   * file.
   */
  readonly onnx: OnnxCheck | null;
  /** The measure of this version and of the current one. Null if there is no current one. */
  readonly measure: {
    readonly name: string;
    readonly own: number;
    readonly current: number;
    readonly isWorse: boolean;
  } | null;
}

/** @throws {UsageError} when the model or the version is not in the registry */
export async function checkVersion(registry: ModelRegistry, name: string, version: string): Promise<void> {
  const versions = await registry.versions(name);
  if (versions.includes(version)) return;
  const names = versions.length === 0 ? await registry.names() : [];
  throw new UsageError('BIFOLD_UNKNOWN_MODEL', {
    failed: versions.length === 0 ? `there is no model "${name}"` : `model "${name}" has no such version`,
    received: versions.length === 0 ? `"${name}"` : `"${version}"`,
    allowed: (versions.length === 0 ? names : versions).join(', ') || 'none: the registry is empty',
    remedy: 'correct the name, or train the model: npx bifold train <model>',
  });
}

/**
 * The name and version in a folder, from its `model.json`.
 * @throws {UsageError} if it holds none
 */
export function versionIn(folder: string): { readonly name: string; readonly version: string } {
  const file = join(folder, 'model.json');
  let held: { readonly name?: unknown; readonly version?: unknown } | null;
  try {
    held = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw noVersion(file, messageOf(cause));
  }
  const { name, version } = held ?? {};
  if (typeof name !== 'string' || typeof version !== 'string' || !NAME.test(name) || !NAME.test(version))
    throw noVersion(file, JSON.stringify({ name, version }));
  return { name, version };
}

/** The rule for names of models and pipelines: a name becomes a part of object keys. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

function noVersion(file: string, received: string): UsageError {
  return new UsageError('BIFOLD_NO_MODEL_VERSION', {
    failed: `${file} is no version of a model`,
    received,
    allowed: 'the folder that training wrote: model.json, manifest.json and the files that it names',
    remedy: 'correct the folder, or train the model: npx bifold train <model>',
  });
}

/** Chooses a version: the named one, else the current one, else the newest. */
export async function versionMeant(
  registry: ModelRegistry,
  name: string,
  version: string | undefined,
): Promise<string> {
  if (version !== undefined) {
    await checkVersion(registry, name, version);
    return version;
  }
  const versions = await registry.versions(name);
  const { current } = await registry.readPointer(name);
  const meant = current ?? versions.at(-1);
  if (meant === undefined) await checkVersion(registry, name, '');
  return meant as string;
}

async function fileOf(registry: ModelRegistry, name: string, version: string, file: string): Promise<Uint8Array> {
  const bytes = await registry.read(name, version, file, MODEL_LIMITS.sizeBytes);
  if (bytes !== null) return bytes;
  throw new CliError('BIFOLD_MODEL_INCOMPLETE', {
    failed: `version "${version}" of model "${name}" cannot be read`,
    received: `no ${file}`,
    allowed: 'all files that training writes',
    remedy: 'train it again',
  });
}

export async function describeVersion(registry: ModelRegistry, name: string, version: string): Promise<ModelVersion> {
  const model = readModel(await fileOf(registry, name, version, 'model.json'), name, version);
  const manifest = readManifest(await fileOf(registry, name, version, MANIFEST_FILE), name, version);
  const metrics = await metricsOf(registry, name, version);
  const { files: _, ...content } = manifest.content;
  return {
    name,
    version,
    task: model.task,
    kind: model.model.kind,
    featurePlan: model.featurePlan,
    features: model.features.map(({ field }) => field),
    measures: measuresOf(metrics.heldOut),
    manifest: content,
  };
}

async function metricsOf(
  registry: ModelRegistry,
  name: string,
  version: string,
): Promise<{ readonly heldOut?: unknown; readonly onnx?: unknown }> {
  return JSON.parse(Buffer.from(await fileOf(registry, name, version, 'metrics.json')).toString('utf8')) ?? {};
}

function measuresOf(heldOut: unknown): Measures {
  const entries = Object.entries((heldOut ?? {}) as Record<string, unknown>);
  return Object.fromEntries(entries.filter((entry): entry is [string, number] => Number.isFinite(entry[1])));
}

/**
 * Scores the golden vectors with Bifold and with ONNX Runtime, and compares the measures with those
 * of the current version.
 */
export async function gateOf(
  registry: ModelRegistry,
  name: string,
  version: string,
  { current }: ModelPointer,
  checkOnnx: CheckOnnx,
): Promise<Gate> {
  const model = readModel(await fileOf(registry, name, version, 'model.json'), name, version);
  const golden = checkGolden(scorerOf(model), await fileOf(registry, name, version, 'golden.json'));
  const metrics = await metricsOf(registry, name, version);
  const trained = (metrics.onnx ?? null) as OnnxJudgement | null;
  const onnx = trained !== null && trained.different > 0 ? trained : await checkOnnx(registry, name, version);
  if (current === null || current === version) return { golden, onnx, measure: null };
  const measures = (await describeVersion(registry, name, version)).measures;
  const before = (await describeVersion(registry, name, current)).measures;
  const { measure, more } = CHOSEN_BY[model.task];
  const [ownValue, currentValue] = [measures[measure], before[measure]];
  if (ownValue === undefined || currentValue === undefined) return { golden, onnx, measure: null };
  const isWorse = more ? ownValue < currentValue : ownValue > currentValue;
  return { golden, onnx, measure: { name: measure, own: ownValue, current: currentValue, isWorse } };
}

/**
 * Refuses a version whose tests failed.
 * @throws {ModelError} when a version is scored otherwise than in training, which nothing overrides
 */
export function checkGate(name: string, version: string, { golden, onnx }: Gate): void {
  if (onnx !== null && 'failed' in onnx) throw onnxDiffers(name, version, `ONNX Runtime cannot run it: ${onnx.failed}`);
  checkFidelity(name, version, golden, onnx);
}

export function worse(name: string, version: string, { measure }: Gate): CheckFailed {
  return new CheckFailed('BIFOLD_MODEL_WORSE', {
    failed: `version "${version}" of model "${name}" is not promoted: it was measured worse than the current version`,
    received: `${measure?.name} ${measure?.own}`,
    allowed: `${measure?.name} ${measure?.current}, or better`,
    remedy: '--even-if-worse promotes it all the same',
  });
}

import type { ClassLabel, Scalar } from '@bifold/core/engine';
import { ModelError } from '@bifold/core/engine';
import { type Checked, Checks } from './checks.ts';
import { type Distributions, readDistributions } from './distribution.ts';

/**
 * A version of a model: the content of `model.json`, which has everything that scoring needs.
 * docs/models.md describes the format, and functions/src/train writes it.
 */
export interface ModelFile {
  readonly name: string;
  readonly version: string;
  readonly task: 'regression' | 'classification';
  /** The classes of a classification, in the order of its probabilities; null for a regression. */
  readonly classes: readonly ClassLabel[] | null;
  /** The features in the order of the model's inputs. */
  readonly features: readonly Feature[];
  /** Equal for versions that read the same features in the same way. */
  readonly featurePlan: string;
  readonly model: LinearModel | ForestModel | BoostingModel;
  /** The training distributions, for drift. Absent in versions of older releases. */
  readonly distributions?: Distributions;
}

export type Feature = NumberFeature | CategoryFeature;

/** The input is `(x - mean) / scale`. A null or missing value counts as `impute`. */
export interface NumberFeature {
  readonly type: 'number';
  readonly field: string;
  readonly impute: number;
  readonly mean: number;
  readonly scale: number;
}

/**
 * One input per category: 1 for the category of the value, 0 for the others. Values are compared as
 * texts. An unseen value has all zeros, and so has null if `impute` is null.
 */
export interface CategoryFeature {
  readonly type: 'category';
  readonly field: string;
  readonly impute: Scalar | null;
  readonly categories: readonly Scalar[];
}

/**
 * One row of coefficients for each output: one for a regression and for two classes, else one for
 * each class.
 */
export interface LinearModel {
  readonly kind: 'linear';
  readonly coefficients: readonly (readonly number[])[];
  readonly intercepts: readonly number[];
}

/** The result is the mean of the leaves of all trees. */
export interface ForestModel {
  readonly kind: 'forest';
  readonly trees: readonly Tree[];
}

/**
 * The result is `initial` plus, stage by stage, `rate` times a leaf of each tree of the stage. A
 * stage has one tree per output.
 */
export interface BoostingModel {
  readonly kind: 'boosting';
  readonly initial: readonly number[];
  readonly rate: number;
  readonly trees: readonly Tree[];
}

/**
 * Nodes by index. The root comes first, and children follow their parents. A leaf has feature -1.
 * At other nodes, inputs up to the threshold go left.
 */
export interface Tree {
  readonly feature: readonly number[];
  readonly threshold: readonly number[];
  readonly left: readonly number[];
  readonly right: readonly number[];
  readonly value: readonly (readonly number[])[];
}

/** The limits of a model, because a function must load it beside its other data. */
export const MODEL_LIMITS = {
  sizeBytes: 64 * 1024 * 1024,
  features: 2_000,
  /** The numbers, and the categories of all category features. */
  inputs: 50_000,
  classes: 1_000,
  trees: 10_000,
  nodes: 4_000_000,
  depth: 200,
  textLength: 1_000,
} as const;

/** The format that this code reads. */
const FORMAT = 1;

/**
 * Reads and checks `model.json`. After the check, every walk through a tree ends, every index is
 * valid, and every number is finite.
 *
 * @throws {ModelError} when it is damaged, larger than allowed, of another format, or not the
 * version that was asked for
 */
export function readModel(bytes: Uint8Array, name: string, version: string): ModelFile {
  const what = `version "${version}" of model "${name}"`;
  if (bytes.byteLength > MODEL_LIMITS.sizeBytes)
    throw new ModelError('BIFOLD_MODEL_TOO_LARGE', {
      failed: `${what} cannot be loaded`,
      received: `${bytes.byteLength} bytes of model.json`,
      allowed: `at most ${MODEL_LIMITS.sizeBytes} bytes`,
      remedy: 'train a smaller one: fewer or shallower trees, fewer categories',
    });
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch (cause) {
    throw damaged(what, cause instanceof Error ? cause.message : String(cause), cause);
  }
  const checks = new Checks((place, received, allowed) => damaged(what, `${place}: ${received}`, undefined, allowed));
  const file = checks.object('model.json', parsed);
  if (file.format !== FORMAT)
    throw new ModelError('BIFOLD_MODEL_FORMAT', {
      failed: `${what} is written in a form that this code does not read`,
      received: `format ${JSON.stringify(file.format)}`,
      allowed: `format ${FORMAT}`,
      remedy: 'train it again with the code that scores it',
    });
  if (file.name !== name || file.version !== version)
    throw new ModelError('BIFOLD_MODEL_FOREIGN', {
      failed: `${what} is not what its file holds`,
      received: `${JSON.stringify(file.name)}, version ${JSON.stringify(file.version)}`,
      allowed: `"${name}", version "${version}"`,
      remedy: 'look who wrote into the registry; nothing but training may',
    });
  return modelOf(file, name, version, checks);
}

function modelOf(file: Checked, name: string, version: string, checks: Checks): ModelFile {
  const task = checks.oneOf('task', file.task, ['regression', 'classification']);
  const classes =
    task === 'regression'
      ? null
      : checks
          .list('classes', file.classes, 2, MODEL_LIMITS.classes)
          .map((label, index) => checks.label(`classes[${index}]`, label, MODEL_LIMITS.textLength));
  if (classes !== null && new Set(classes).size < classes.length)
    throw checks.refuse('classes', 'a class twice', 'each class once');
  const features = checks
    .list('features', file.features, 1, MODEL_LIMITS.features)
    .map((feature, index) => featureOf(`features[${index}]`, feature, checks));
  const inputs = inputCount(features);
  if (inputs > MODEL_LIMITS.inputs)
    throw checks.refuse('features', `${inputs} inputs`, `at most ${MODEL_LIMITS.inputs}`);
  const featurePlan = checks.text('featurePlan', file.featurePlan, MODEL_LIMITS.textLength);
  const parts = checks.object('model', file.model);
  const kind = checks.oneOf('model.kind', parts.kind, ['linear', 'forest', 'boosting']);
  const model = MODELS[kind](parts, { inputs, outputs: classes?.length ?? 1 }, checks);
  const { distributions } = file;
  return {
    name,
    version,
    task,
    classes,
    features,
    featurePlan,
    model,
    ...(distributions === undefined
      ? {}
      : {
          distributions: readDistributions(
            'distributions',
            distributions,
            features.length,
            checks,
            MODEL_LIMITS.textLength,
          ),
        }),
  };
}

function featureOf(place: string, received: unknown, checks: Checks): Feature {
  const feature = checks.object(place, received);
  const field = checks.text(`${place}.field`, feature.field, MODEL_LIMITS.textLength);
  const type = checks.oneOf(`${place}.type`, feature.type, ['number', 'category']);
  if (type === 'number') {
    const scale = checks.finite(`${place}.scale`, feature.scale);
    if (scale === 0) throw checks.refuse(`${place}.scale`, '0', 'a number other than 0');
    const impute = checks.finite(`${place}.impute`, feature.impute);
    return { type, field, impute, mean: checks.finite(`${place}.mean`, feature.mean), scale };
  }
  const categories = checks
    .list(`${place}.categories`, feature.categories, 1, MODEL_LIMITS.inputs)
    .map((category, index) => checks.scalar(`${place}.categories[${index}]`, category, MODEL_LIMITS.textLength));
  if (new Set(categories.map(String)).size < categories.length)
    throw checks.refuse(`${place}.categories`, 'a category twice', 'each category once');
  const { impute = null } = feature;
  const imputed = impute === null ? null : checks.scalar(`${place}.impute`, impute, MODEL_LIMITS.textLength);
  return { type, field, impute: imputed, categories };
}

/** The number of inputs of a model with these features. */
export function inputCount(features: readonly Feature[]): number {
  return features.reduce((count, feature) => count + (feature.type === 'number' ? 1 : feature.categories.length), 0);
}

interface Shape {
  readonly inputs: number;
  /** The number of outputs: 1, or the number of classes. */
  readonly outputs: number;
}

/** The number of sums: one output suffices for two classes, since the other has the opposite. */
function summedOutputs({ outputs }: Shape): number {
  return outputs === 2 ? 1 : outputs;
}

const MODELS = {
  linear(parts: Checked, shape: Shape, checks: Checks): LinearModel {
    const rows = summedOutputs(shape);
    const coefficients = checks
      .list('model.coefficients', parts.coefficients, rows, rows)
      .map((row, index) => checks.finites(`model.coefficients[${index}]`, row, shape.inputs));
    return { kind: 'linear', coefficients, intercepts: checks.finites('model.intercepts', parts.intercepts, rows) };
  },

  forest(parts: Checked, shape: Shape, checks: Checks): ForestModel {
    return { kind: 'forest', trees: treesOf(parts.trees, shape.inputs, shape.outputs, checks) };
  },

  boosting(parts: Checked, shape: Shape, checks: Checks): BoostingModel {
    const outputs = summedOutputs(shape);
    const trees = treesOf(parts.trees, shape.inputs, 1, checks);
    if (trees.length % outputs !== 0)
      throw checks.refuse('model.trees', `${trees.length} trees`, `stages of ${outputs}: one for each output`);
    const initial = checks.finites('model.initial', parts.initial, outputs);
    return { kind: 'boosting', initial, rate: checks.finite('model.rate', parts.rate), trees };
  },
};

function treesOf(received: unknown, inputs: number, outputs: number, checks: Checks): readonly Tree[] {
  let nodes = 0;
  return checks.list('model.trees', received, 1, MODEL_LIMITS.trees).map((each, index) => {
    const place = `model.trees[${index}]`;
    const tree = treeOf(place, checks.object(place, each), inputs, outputs, checks);
    nodes += tree.feature.length;
    if (nodes > MODEL_LIMITS.nodes) throw checks.refuse(place, `node ${nodes}`, `at most ${MODEL_LIMITS.nodes} nodes`);
    return tree;
  });
}

function treeOf(place: string, parts: Checked, inputs: number, outputs: number, checks: Checks): Tree {
  const feature = checks.list(`${place}.feature`, parts.feature, 1, MODEL_LIMITS.nodes) as readonly number[];
  const count = feature.length;
  const threshold = checks.finites(`${place}.threshold`, parts.threshold, count);
  const left = checks.list(`${place}.left`, parts.left, count, count) as readonly number[];
  const right = checks.list(`${place}.right`, parts.right, count, count) as readonly number[];
  const value = checks
    .list(`${place}.value`, parts.value, count, count)
    .map((row, node) => checks.finites(`${place}.value[${node}]`, row, outputs));
  const depths = new Uint16Array(count);
  for (let node = 0; node < count; node++) {
    const input = feature[node];
    if (input === -1) continue;
    if (!checks.isIndex(input, 0, inputs))
      throw checks.refuse(`${place}.feature[${node}]`, String(input), `-1, or an input from 0 to ${inputs - 1}`);
    const depth = (depths[node] as number) + 1;
    if (depth > MODEL_LIMITS.depth) throw checks.refuse(place, `depth ${depth}`, `at most ${MODEL_LIMITS.depth}`);
    for (const [side, children] of [
      ['left', left],
      ['right', right],
    ] as const) {
      const child = children[node] as number;
      // A child follows its parent, so every walk goes forward and ends.
      if (!checks.isIndex(child, node + 1, count))
        throw checks.refuse(`${place}.${side}[${node}]`, String(child), `a node from ${node + 1} to ${count - 1}`);
      depths[child] = Math.max(depths[child] as number, depth);
    }
  }
  return { feature, threshold, left, right, value };
}

function damaged(what: string, received: string, cause?: unknown, allowed = 'what training writes'): ModelError {
  return new ModelError(
    'BIFOLD_MODEL_DAMAGED',
    {
      failed: `${what} cannot be read`,
      received,
      allowed,
      remedy: 'train it again, or promote another version: npx bifold model list',
    },
    cause === undefined ? {} : { cause },
  );
}

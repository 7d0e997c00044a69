import type { Pipeline } from '@bifold/core';
import type { Plan } from '@bifold/core/engine';
import {
  checkResourceName,
  deepFreeze,
  fieldsOf,
  readableTypes,
  refuse,
  refuseUnknownOptions,
} from '@bifold/core/engine';
import { type Estimator, SETTINGS } from './estimator.ts';

/**
 * A column that a model reads, and its conversion to inputs: a name, `numeric(...)` or
 * `category(...)`.
 */
export type FeatureDefinition =
  | NumericFeature
  | CategoryFeatureDefinition
  | { readonly field: string; readonly type: null };

export interface NumericFeature {
  readonly field: string;
  readonly type: 'number';
  /** The value for null: the mean or median of the training rows, or a number. */
  readonly impute: 'mean' | 'median' | number;
  /**
   * Whether to scale to mean 0 and deviation 1. Null: the estimator decides. Linear estimators need
   * it, trees do not.
   */
  readonly scale: boolean | null;
}

export interface CategoryFeatureDefinition {
  readonly field: string;
  readonly type: 'category';
  /** The value for null: the most frequent category or a text; null for no category. */
  readonly impute: 'mostFrequent' | { readonly text: string } | null;
}

interface NumericOptions {
  /** Null counts as the `median` (default) or `mean` of the training rows, or as a number. */
  readonly impute?: NumericFeature['impute'];
  /** Scales to mean 0 and deviation 1. By default for linear estimators, and not for trees. */
  readonly scale?: boolean | null;
}

interface CategoryOptions {
  /** Null counts as the `mostFrequent` category or as `{ text }`. By default it has all zeros. */
  readonly impute?: CategoryFeatureDefinition['impute'];
}

/**
 * A numeric feature of a model. Null becomes the imputed value.
 *
 * @param field - the name of a numeric column
 * @param options - the treatment of null, and scaling
 * @example
 * const minutes = numeric('minutes', { impute: 'mean', scale: true });
 */
export function numeric(field: string, { impute = 'median', scale = null }: NumericOptions = {}): NumericFeature {
  return { field, type: 'number', impute, scale };
}

/**
 * A feature with one input for each category of the training rows. An unseen category has all
 * zeros. So has null, unless it is imputed.
 *
 * @param field - the name of a text, integer or boolean column
 * @param options - the treatment of null
 * @example
 * const city = category('city', { impute: { text: 'unknown' } });
 */
export function category(field: string, { impute = null }: CategoryOptions = {}): CategoryFeatureDefinition {
  return { field, type: 'category', impute };
}

export type Split = 'random' | 'time';

/**
 * A model that can be trained, as frozen plain data. `defineModel` makes one.
 * @example
 * const titleOf = ({ name, target }: ModelDefinition): string => `${name} predicts ${target}`;
 */
export interface ModelDefinition {
  /** The name of the model in the registry. */
  readonly name: string;
  /** The plan of the pipeline whose columns the features are; null if a file has them. */
  readonly plan: Plan | null;
  /** The columns that it reads, in the order of its inputs. */
  readonly features: readonly FeatureDefinition[];
  /** The column that it predicts. */
  readonly target: string;
  /** `regression` predicts a number, `classification` one of several classes. */
  readonly task: 'regression' | 'classification';
  /** The learning method and its settings. */
  readonly estimator: Estimator;
  /** Settings to choose among by cross-validation. */
  readonly grid: Readonly<Record<string, readonly number[]>>;
  /** The folds of the cross-validation. */
  readonly folds: number;
  /** The choice of the held-out rows. */
  readonly split: Split;
  /** The share of the rows that the model is evaluated on. */
  readonly heldOutShare: number;
  /** The seed of all random choices. */
  readonly seed: number;
}

interface Options {
  /** The name of the model in the registry. */
  readonly name: string;
  /**
   * The pipeline that scores with the model, or whose archive it learns from. Each feature then has
   * one definition for training and scoring.
   */
  readonly from?: Pipeline;
  /** Column names, `numeric(...)` and `category(...)`. */
  readonly features: readonly (string | FeatureDefinition)[];
  /** The column to predict. Rows in which it is null are left out of the training. */
  readonly target: string;
  /** `regression` for a number, `classification` for one of several classes. */
  readonly task: 'regression' | 'classification';
  /** The learning method: `linear()`, `logistic()`, `randomForest()` or `gradientBoosting()`. */
  readonly estimator: Estimator;
  /** Settings to choose among by cross-validation. Every combination is tried, at most 500. */
  readonly grid?: Readonly<Record<string, readonly number[]>>;
  /** The folds of the cross-validation, from 2 to 20; 5 by default. */
  readonly folds?: number;
  /**
   * `time` holds out the latest rows, `random` any rows. By default `time` for a model of a
   * pipeline, else `random`.
   */
  readonly split?: Split;
  /** The share of the rows to evaluate on, from 0.05 to 0.5; 0.2 by default. */
  readonly heldOutShare?: number;
  /** The seed of all random choices, a whole number from 0; 1 by default. */
  readonly seed?: number;
}

const KNOWN = [
  'name',
  'from',
  'features',
  'target',
  'task',
  'estimator',
  'grid',
  'folds',
  'split',
  'heldOutShare',
  'seed',
];
/** Each combination of the grid is trained once per fold. */
const GRID_POINTS_MAX = 500;

/**
 * Checks the definition of a model and returns it as frozen plain data. `npx bifold train` trains
 * it. Each feature decides what null means.
 *
 * @param options - the features, the target, and how to learn
 * @throws {DefinitionError} BIFOLD_BAD_NAME if the name cannot be used
 * @throws {DefinitionError} BIFOLD_NO_FEATURE if there is no feature
 * @throws {DefinitionError} BIFOLD_NAME_TAKEN if a feature is named twice
 * @throws {DefinitionError} BIFOLD_TARGET_IS_FEATURE if the target is also a feature
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if the pipeline has no such column
 * @throws {DefinitionError} BIFOLD_BAD_TASK if the task is unknown
 * @throws {DefinitionError} BIFOLD_BAD_ESTIMATOR if the estimator is unknown, or does not fit the
 *   task
 * @throws {DefinitionError} BIFOLD_BAD_GRID if the grid is empty or has more than 500 combinations
 * @throws {DefinitionError} BIFOLD_BAD_SETTING if a number is out of range
 * @throws {DefinitionError} BIFOLD_BAD_SPLIT if the split is unknown
 * @throws {DefinitionError} BIFOLD_UNKNOWN_OPTION if an option does not exist
 * @example
 * const fareModel = defineModel({
 *   name: 'fare',
 *   from: fares,
 *   features: [numeric('minutes'), category('city')],
 *   target: 'fare',
 *   task: 'regression',
 *   estimator: gradientBoosting({ trees: 100 }),
 *   grid: { maxDepth: [3, 6] },
 * });
 */
export function defineModel(options: Options): ModelDefinition {
  const name = checkResourceName('a model', options.name);
  const what = `model "${name}"`;
  refuseUnknownOptions(what, options, KNOWN);
  const plan = options.from === undefined ? null : unscored(options.from.plan);
  const { target, task, estimator, grid = {}, folds = 5, heldOutShare = 0.2, seed = 1 } = options;
  const split = options.split ?? (plan === null ? 'random' : 'time');
  checkTask(what, task, estimator);
  checkSettings(what, estimator, grid);
  checkRange(what, 'folds', folds, 2, 20, true);
  checkRange(what, 'heldOutShare', heldOutShare, 0.05, 0.5, false);
  checkRange(what, 'seed', seed, 0, 2 ** 31 - 1, true);
  if (split !== 'random' && split !== 'time')
    refuse('BIFOLD_BAD_SPLIT', {
      failed: `${what} divides its rows in an unknown way`,
      received: String(split),
      allowed: "'random', 'time'",
      remedy: 'choose one',
    });
  const features = featuresOf(what, options.features, target, plan);
  return deepFreeze({ name, plan, features, target, task, estimator, grid, folds, split, heldOutShare, seed });
}

/**
 * Whether the target is a column of the pipeline. Then the model can be trained from the archive
 * repeatedly. Otherwise a file must have the target.
 */
export function learnsFromArchive({ plan, target }: ModelDefinition): boolean {
  return plan !== null && readableTypes(plan).has(target);
}

function featuresOf(
  what: string,
  given: readonly (string | FeatureDefinition)[],
  target: string,
  plan: Plan | null,
): readonly FeatureDefinition[] {
  const features = (given ?? []).map((one) => (typeof one === 'string' ? { field: one, type: null } : one));
  if (features.length === 0)
    refuse('BIFOLD_NO_FEATURE', {
      failed: `${what} learns from nothing`,
      received: '[]',
      allowed: 'one feature or more',
      remedy: "write features: ['field']",
    });
  const known = plan === null ? null : readableTypes(plan);
  const seen = new Set<string>();
  for (const { field } of features) {
    if (seen.has(field))
      refuse('BIFOLD_NAME_TAKEN', {
        failed: `${what} has a feature twice`,
        received: `"${field}"`,
        allowed: 'each feature once',
        remedy: 'remove one',
      });
    seen.add(field);
    if (field === target)
      refuse('BIFOLD_TARGET_IS_FEATURE', {
        failed: `${what} learns its target from itself`,
        received: `"${field}"`,
        allowed: 'features that are known before the target is',
        remedy: 'leave it out of the features',
      });
    if (known !== null && !known.has(field))
      refuse('BIFOLD_UNKNOWN_FIELD', {
        failed: `${what} has a feature that its pipeline does not know`,
        received: `"${field}"`,
        allowed: [...known.keys()].join(', '),
        remedy: 'correct the name, or derive the column',
      });
  }
  return features;
}

/**
 * The plan without its scores, because no model learns from a score. It keeps its version, which
 * identifies the archive.
 */
function unscored({ models, where, ...plan }: Plan): Plan {
  const scored = new Set((models ?? []).flatMap(({ columns }) => columns.map(({ name }) => name)));
  const derived = plan.derived.filter(({ name, expression }) => {
    const isScored = fieldsOf(expression).some((field) => scored.has(field));
    if (isScored) scored.add(name);
    return !isScored;
  });
  const isKept = where !== undefined && !fieldsOf(where).some((field) => scored.has(field));
  return { ...plan, derived, ...(isKept ? { where } : {}) };
}

function checkTask(what: string, task: ModelDefinition['task'], { kind }: Estimator): void {
  if (task !== 'regression' && task !== 'classification')
    refuse('BIFOLD_BAD_TASK', {
      failed: `${what} does not say what it predicts`,
      received: String(task),
      allowed: "'regression' (a number), 'classification' (one of some classes)",
      remedy: 'choose one',
    });
  if (!Object.hasOwn(SETTINGS, kind))
    refuse('BIFOLD_BAD_ESTIMATOR', {
      failed: `${what} learns in an unknown way`,
      received: JSON.stringify(kind) ?? String(kind),
      allowed: 'linear(), logistic(), randomForest(), gradientBoosting()',
      remedy: 'choose one',
    });
  if ((kind === 'linear' && task === 'classification') || (kind === 'logistic' && task === 'regression'))
    refuse('BIFOLD_BAD_ESTIMATOR', {
      failed: `${what} has an estimator of another task`,
      received: `${kind} for a ${task}`,
      allowed: 'linear() for a regression, logistic() for a classification, trees for both',
      remedy: 'change one of the two',
    });
}

function checkSettings(what: string, estimator: Estimator, grid: Readonly<Record<string, readonly number[]>>): void {
  const allowed = SETTINGS[estimator.kind];
  const { kind, ...own } = estimator as { readonly kind: string } & Record<string, number>;
  let points = 1;
  for (const [setting, values] of [
    ...Object.entries(own).map(([one, value]) => [one, [value]] as const),
    ...Object.entries(grid),
  ]) {
    const range =
      allowed[setting] ??
      refuse('BIFOLD_UNKNOWN_OPTION', {
        failed: `${what} has a setting that ${kind} does not know`,
        received: `"${setting}"`,
        allowed: Object.keys(allowed).join(', '),
        remedy: 'remove or rename it',
      });
    if (!Array.isArray(values) || values.length === 0)
      refuse('BIFOLD_BAD_GRID', {
        failed: `${what} has a grid without values for "${setting}"`,
        received: JSON.stringify(values) ?? 'undefined',
        allowed: 'a list of numbers',
        remedy: 'write grid: { trees: [50, 100] }',
      });
    for (const value of values) checkRange(what, setting, value, range.least, range.most, range.whole);
    points *= values.length;
  }
  if (points > GRID_POINTS_MAX)
    refuse('BIFOLD_BAD_GRID', {
      failed: `${what} has a grid that takes too long`,
      received: `${points} combinations`,
      allowed: `at most ${GRID_POINTS_MAX}`,
      remedy: 'leave out values that lie between others',
    });
}

function checkRange(what: string, setting: string, value: number, least: number, most: number, whole: boolean): void {
  if (typeof value === 'number' && value >= least && value <= most && (!whole || Number.isSafeInteger(value))) return;
  refuse('BIFOLD_BAD_SETTING', {
    failed: `${what} has a ${setting} out of range`,
    received: String(value),
    allowed: `a ${whole ? 'whole number' : 'number'} from ${least} to ${most}`,
    remedy: 'choose one in that range',
  });
}

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
 * A column that a model reads, and how it becomes input: by the name alone, or by `numeric(...)`
 * and `category(...)`.
 */
export type FeatureDefinition =
  | NumericFeature
  | CategoryFeatureDefinition
  | { readonly field: string; readonly type: null };

export interface NumericFeature {
  readonly field: string;
  readonly type: 'number';
  /** What null counts as: of the rows that are learned from, or a number. */
  readonly impute: 'mean' | 'median' | number;
  /**
   * To mean 0 and deviation 1; null where the estimator decides: linear ones need it, trees do not.
   */
  readonly scale: boolean | null;
}

export interface CategoryFeatureDefinition {
  readonly field: string;
  readonly type: 'category';
  /** What null counts as: the most frequent category, a text, or none of all. */
  readonly impute: 'mostFrequent' | { readonly text: string } | null;
}

export function numeric(
  field: string,
  {
    impute = 'median',
    scale = null,
  }: { readonly impute?: NumericFeature['impute']; readonly scale?: boolean | null } = {},
): NumericFeature {
  return { field, type: 'number', impute, scale };
}

export function category(
  field: string,
  { impute = null }: { readonly impute?: CategoryFeatureDefinition['impute'] } = {},
): CategoryFeatureDefinition {
  return { field, type: 'category', impute };
}

export type Split = 'random' | 'time';

/** A model that can be trained, as frozen plain data. */
export interface ModelDefinition {
  readonly name: string;
  /** The plan of the pipeline whose columns the features are; null where a file says all. */
  readonly plan: Plan | null;
  readonly features: readonly FeatureDefinition[];
  readonly target: string;
  readonly task: 'regression' | 'classification';
  readonly estimator: Estimator;
  readonly grid: Readonly<Record<string, readonly number[]>>;
  readonly folds: number;
  readonly split: Split;
  /** Of the rows: those that the model is tried on. */
  readonly heldOutShare: number;
  readonly seed: number;
}

interface Options {
  readonly name: string;
  /**
   * The pipeline that scores by it, or whose archive it is learned from: one definition of each
   * feature, so that none can mean something else later.
   */
  readonly from?: Pipeline;
  readonly features: readonly (string | FeatureDefinition)[];
  readonly target: string;
  readonly task: 'regression' | 'classification';
  readonly estimator: Estimator;
  /** Settings to choose among by cross-validation: every combination is tried. */
  readonly grid?: Readonly<Record<string, readonly number[]>>;
  readonly folds?: number;
  /**
   * `time`: tried on the latest rows. Default: `time` where it learns from a pipeline, else
   * `random`.
   */
  readonly split?: Split;
  readonly heldOutShare?: number;
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
/** Each point is trained once for each fold. */
const GRID_POINTS_MAX = 500;

/**
 * Checks the definition of a model and returns it as frozen plain data.
 * @throws {DefinitionError} naming the option, what came, and what is allowed.
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
 * Whether the pipeline's own events say what is to be learned: then it can be learned from its
 * archive, again and again. Otherwise a file must say it.
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
 * A plan without what its own models give: no model learns from a score. It keeps its version,
 * which says whose archive it reads.
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

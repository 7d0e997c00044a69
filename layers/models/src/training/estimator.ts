/** The learning method of a model: plain data, which training passes to scikit-learn. */
export type Estimator =
  | ({ readonly kind: 'linear' } & LinearSettings)
  | ({ readonly kind: 'logistic' } & LinearSettings)
  | ({ readonly kind: 'forest' } & ForestSettings)
  | ({ readonly kind: 'boosting' } & BoostingSettings);

export interface LinearSettings {
  /**
   * The penalty for large coefficients, from 0, none, to 10^9. Logistic regression needs at least
   * 10^-6.
   */
  readonly penalty?: number;
}

export interface ForestSettings {
  /** The number of trees, from 1 to 2,000. */
  readonly trees?: number;
  /** The greatest depth of a tree, from 1 to 64. */
  readonly maxDepth?: number;
  /** The fewest training rows of a leaf, from 1 to 100,000. */
  readonly minLeafRows?: number;
  /** The share of the inputs that each split considers, from 0.01 to 1. */
  readonly featureShare?: number;
}

export interface BoostingSettings extends ForestSettings {
  /** The learning rate, from 0.001 to 1. */
  readonly rate?: number;
  /** The share of the rows that each tree learns from, from 0.01 to 1. */
  readonly rowShare?: number;
}

/**
 * Linear regression by least squares; with a penalty, ridge regression. For numbers only.
 *
 * @param settings - the penalty
 * @throws {DefinitionError} BIFOLD_BAD_ESTIMATOR if the task is a classification
 * @throws {DefinitionError} BIFOLD_BAD_SETTING if a setting is out of range
 * @example
 * const fareModel = defineModel({
 *   name: 'fare',
 *   features: ['minutes'],
 *   target: 'fare',
 *   task: 'regression',
 *   estimator: linear({ penalty: 1 }),
 * });
 */
export function linear(settings: LinearSettings = {}): Estimator {
  return { kind: 'linear', ...settings };
}

/**
 * Logistic regression, for two or more classes.
 *
 * @param settings - the penalty
 * @throws {DefinitionError} BIFOLD_BAD_ESTIMATOR if the task is a regression
 * @throws {DefinitionError} BIFOLD_BAD_SETTING if a setting is out of range
 * @example
 * const sharing = defineModel({
 *   name: 'sharing',
 *   features: ['minutes', 'city'],
 *   target: 'isShared',
 *   task: 'classification',
 *   estimator: logistic(),
 * });
 */
export function logistic(settings: LinearSettings = {}): Estimator {
  return { kind: 'logistic', ...settings };
}

/**
 * Many trees, each grown from its own sample of the rows. The forest predicts their mean.
 *
 * @param settings - the number and size of the trees
 * @throws {DefinitionError} BIFOLD_BAD_SETTING if a setting is out of range
 * @example
 * const fareModel = defineModel({
 *   name: 'fare',
 *   features: ['minutes', 'city'],
 *   target: 'fare',
 *   task: 'regression',
 *   estimator: randomForest({ trees: 200, maxDepth: 12 }),
 * });
 */
export function randomForest(settings: ForestSettings = {}): Estimator {
  return { kind: 'forest', ...settings };
}

/**
 * Trees grown one after another. Each learns the errors of those before it.
 *
 * @param settings - the number and size of the trees, and the learning rate
 * @throws {DefinitionError} BIFOLD_BAD_SETTING if a setting is out of range
 * @example
 * const fareModel = defineModel({
 *   name: 'fare',
 *   features: ['minutes', 'city'],
 *   target: 'fare',
 *   task: 'regression',
 *   estimator: gradientBoosting({ trees: 100, rate: 0.1 }),
 * });
 */
export function gradientBoosting(settings: BoostingSettings = {}): Estimator {
  return { kind: 'boosting', ...settings };
}

/** The range of each setting, by kind. */
export const SETTINGS: Readonly<
  Record<Estimator['kind'], Readonly<Record<string, { least: number; most: number; whole: boolean }>>>
> = (() => {
  const count = (least: number, most: number) => ({ least, most, whole: true });
  const share = { least: 0.01, most: 1, whole: false };
  const forest = {
    trees: count(1, 2_000),
    maxDepth: count(1, 64),
    minLeafRows: count(1, 100_000),
    featureShare: share,
  };
  return {
    linear: { penalty: { least: 0, most: 1e9, whole: false } },
    logistic: { penalty: { least: 1e-6, most: 1e9, whole: false } },
    forest,
    boosting: { ...forest, rate: { least: 0.001, most: 1, whole: false }, rowShare: share },
  };
})();

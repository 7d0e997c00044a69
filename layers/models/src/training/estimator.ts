/** How a model learns: plain data, which training gives to scikit-learn. */
export type Estimator =
  | ({ readonly kind: 'linear' } & LinearSettings)
  | ({ readonly kind: 'logistic' } & LinearSettings)
  | ({ readonly kind: 'forest' } & ForestSettings)
  | ({ readonly kind: 'boosting' } & BoostingSettings);

export interface LinearSettings {
  /** How much large coefficients cost; 0 is none. */
  readonly penalty?: number;
}

export interface ForestSettings {
  readonly trees?: number;
  readonly maxDepth?: number;
  readonly minLeafRows?: number;
  /** Of the inputs that each division looks at. */
  readonly featureShare?: number;
}

export interface BoostingSettings extends ForestSettings {
  /** How much of each tree is taken. */
  readonly rate?: number;
  /** Of the rows that each tree learns from. */
  readonly rowShare?: number;
}

/** Least squares; with a penalty, ridge regression. */
export function linear(settings: LinearSettings = {}): Estimator {
  return { kind: 'linear', ...settings };
}

/** Logistic regression, of two classes or more. */
export function logistic(settings: LinearSettings = {}): Estimator {
  return { kind: 'logistic', ...settings };
}

/** Many trees, each from its own sample of the rows; their mean answers. */
export function randomForest(settings: ForestSettings = {}): Estimator {
  return { kind: 'forest', ...settings };
}

/** Trees one after the other, each of which learns what those before it missed. */
export function gradientBoosting(settings: BoostingSettings = {}): Estimator {
  return { kind: 'boosting', ...settings };
}

/** What may stand in the settings of each kind, from least to most. */
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

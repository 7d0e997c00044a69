import type { OnnxJudgement } from './fidelity.ts';

/** The output format of functions/src/train. */
export interface Fitted {
  readonly classes: readonly (string | number)[] | null;
  readonly features: readonly FittedFeature[];
  readonly model: unknown;
  readonly distributions: unknown;
  readonly settings: Readonly<Record<string, number>>;
}

export interface FittedFeature {
  readonly field: string;
  readonly type: 'number' | 'category';
  readonly impute: unknown;
  readonly mean?: number;
  readonly scale?: number;
  readonly categories?: readonly unknown[];
}

export interface RegressionMetrics {
  readonly rmse: number;
  readonly mae: number;
  readonly r2: number;
}

export interface ClassificationMetrics {
  readonly accuracy: number;
  readonly f1: number;
  readonly auc: number | null;
  readonly logLoss: number | null;
  readonly confusion: readonly (readonly number[])[];
  readonly classes: readonly {
    readonly class: string | number;
    readonly precision: number;
    readonly recall: number;
    readonly f1: number;
    readonly rows: number;
  }[];
}

export interface GridPoint {
  readonly settings: Readonly<Record<string, number>>;
  readonly mean: number;
  readonly deviation: number;
}

export interface Metrics {
  readonly task: 'regression' | 'classification';
  readonly rows: { readonly learned: number; readonly heldOut: number; readonly withoutTarget: number };
  /** Measures on rows that were not used for training. */
  readonly heldOut: RegressionMetrics | ClassificationMetrics;
  readonly learned: RegressionMetrics | ClassificationMetrics;
  /** The metrics of a model that always predicts the mean, or the most frequent class. */
  readonly baseline: RegressionMetrics | ClassificationMetrics;
  readonly crossValidation: {
    readonly metric: string;
    readonly folds: number;
    readonly points: readonly GridPoint[];
    readonly best: number;
  };
  readonly importances: {
    readonly metric: string;
    readonly features: readonly { readonly field: string; readonly mean: number; readonly deviation: number }[];
  };
  /** The ONNX scores of the golden rows. */
  readonly onnx: OnnxJudgement;
}

/** True and predicted values of some held-out rows, of a regression. */
export interface Shown {
  readonly true: readonly number[];
  readonly predicted: readonly number[];
}

/** The source of the training data of a version. */
export type TrainedOn =
  | {
      readonly kind: 'archive';
      readonly pipeline: string;
      readonly version: string;
      readonly topicId: string;
      /** The trained offsets `[start, end)` per partition. */
      readonly ranges: Readonly<Record<string, readonly [number, number]>>;
    }
  | { readonly kind: 'file'; readonly name: string; readonly sizeBytes: number; readonly sha256: string };

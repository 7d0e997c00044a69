import type { ColumnType } from './column.ts';

/**
 * A model, and the columns that it fills. The model version lists the features. `features` maps a
 * feature to its field where their names differ.
 */
export interface ModelPlan {
  readonly name: string;
  readonly shadow: boolean;
  readonly missing: WithoutVersion;
  readonly features: Readonly<Record<string, string>>;
  readonly columns: readonly ScorePlan[];
}

export interface ScorePlan {
  readonly name: string;
  readonly output: ModelOutput;
  /**
   * For a probability, the class; null for the predicted one. For a bin, the feature; null for the
   * score.
   */
  readonly of: ClassLabel | null;
  readonly type: ColumnType;
}

/**
 * The content of a score column. `number` is a regression's result, `text` or `integer` a class,
 * `probability` the probability of a class. `version` is the name of the version that scored. `bin`
 * is the bin of the training distribution in which the score or a feature's value lies.
 */
export type ModelOutput = 'number' | 'text' | 'integer' | 'probability' | 'version' | 'bin';

/**
 * The treatment of records while a model has no version. `null`: the column is null. `wait`:
 * nothing is folded, and the records wait.
 */
export type WithoutVersion = 'null' | 'wait';

export type ClassLabel = string | number;

import type { ColumnType } from './column.ts';

/**
 * A model, and the columns that it fills. Its features are the version's: here stand only the
 * fields of those that are named otherwise.
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
   * Of which class the probability is, null: of the predicted one; of which feature the bin is,
   * null: of the score.
   */
  readonly of: ClassLabel | null;
  readonly type: ColumnType;
}

/**
 * What a score column holds: the number of a regression, the class of a classification (a text or a
 * whole number), or a class's probability; or of the scoring itself the name of the version, or the
 * bin of training's distribution that the score lies in, or a feature's value.
 */
export type ModelOutput = 'number' | 'text' | 'integer' | 'probability' | 'version' | 'bin';

/**
 * What is scored while a model has no version: nothing, so that the column is null; or nothing is
 * folded, and the records wait.
 */
export type WithoutVersion = 'null' | 'wait';

export type ClassLabel = string | number;

import type { Value } from '@bifold/core/engine';
import type { BoostingModel, ForestModel, LinearModel, ModelFile } from '../model-file/model-file.ts';
import { type InputEncoder, inputEncoder } from './inputs.ts';
import { PackedTrees } from './trees.ts';

/** The score of one record. */
export interface Score {
  /** The result of a regression; meaningless for a classification. */
  value: number;
  /** The predicted class, by its index in `classes`; -1 for a regression. */
  chosen: number;
  /** The probability of each class; empty for a regression. */
  readonly probabilities: Float64Array;
}

/** A compiled model version. Scoring a record allocates nothing. */
export interface Scorer {
  readonly model: ModelFile;
  /**
   * Scores a record. `values` are the features in the order of the model. Each call reuses and
   * overwrites the same result object.
   */
  score(values: readonly Value[]): Score;
}

/**
 * Compiles a model into a scorer with the results of scikit-learn.
 *
 * - Trees give the same bits, because they compare and add in the same order.
 * - The probability of a class from boosting uses `exp`, whose last bit differs between libraries.
 * - Linear models may differ by the order of additions.
 */
export function scorerOf(model: ModelFile): Scorer {
  const score: Score = { value: 0, chosen: -1, probabilities: new Float64Array(model.classes?.length ?? 0) };
  const run = runOf(model, score);
  return {
    model,
    score(values) {
      run(values);
      return score;
    },
  };
}

type Run = (values: readonly Value[]) => void;

function runOf({ task, classes, features, model }: ModelFile, score: Score): Run {
  const outputs = task === 'regression' ? 1 : (classes as readonly unknown[]).length;
  switch (model.kind) {
    case 'linear':
      return linearRun(model, inputEncoder(features, Float64Array), resultOf(task, '> 0', score));
    case 'forest':
      return forestRun(model, inputEncoder(features, Float32Array), task, outputs, score);
    case 'boosting':
      return boostingRun(model, inputEncoder(features, Float32Array), resultOf(task, '>= 0', score));
  }
}

/** Receives the sums of a model, one number per output. */
type TakeSums = (sums: Float64Array) => void;

/**
 * Turns sums into a result. The sums are the value of a regression, or log-odds. With two classes,
 * `second` says whether a sum of exactly zero selects the second class, because linear models and
 * boosting differ in scikit-learn.
 */
function resultOf(task: ModelFile['task'], second: '> 0' | '>= 0', score: Score): TakeSums {
  const { probabilities } = score;
  if (task === 'regression')
    return (sums) => {
      score.value = sums[0] as number;
    };
  if (probabilities.length === 2)
    return (sums) => {
      const odds = sums[0] as number;
      const probability = 1 / (1 + Math.exp(-odds));
      probabilities[0] = 1 - probability;
      probabilities[1] = probability;
      score.chosen = (second === '>= 0' ? odds >= 0 : odds > 0) ? 1 : 0;
    };
  return (sums) => {
    score.chosen = firstLargest(sums);
    const largest = sums[score.chosen] as number;
    let total = 0;
    for (let index = 0; index < sums.length; index++) {
      const share = Math.exp((sums[index] as number) - largest);
      probabilities[index] = share;
      total += share;
    }
    for (let index = 0; index < sums.length; index++) probabilities[index] = (probabilities[index] as number) / total;
  };
}

function firstLargest(values: Float64Array): number {
  let largest = 0;
  for (let index = 1; index < values.length; index++)
    if ((values[index] as number) > (values[largest] as number)) largest = index;
  return largest;
}

function linearRun(
  { coefficients, intercepts }: LinearModel,
  { inputs, encode }: InputEncoder<Float64Array>,
  take: TakeSums,
): Run {
  const width = inputs.length;
  const weights = Float64Array.from(coefficients.flat());
  const sums = new Float64Array(intercepts.length);
  return (values) => {
    encode(values);
    for (let output = 0, weight = 0; output < sums.length; output++) {
      let sum = 0;
      for (let input = 0; input < width; input++, weight++)
        sum += (inputs[input] as number) * (weights[weight] as number);
      sums[output] = sum + (intercepts[output] as number);
    }
    take(sums);
  };
}

function forestRun(
  { trees }: ForestModel,
  { inputs, encode }: InputEncoder<Float32Array>,
  task: ModelFile['task'],
  outputs: number,
  score: Score,
): Run {
  const packed = new PackedTrees(trees, outputs);
  const means = task === 'regression' ? new Float64Array(1) : score.probabilities;
  return (values) => {
    encode(values);
    means.fill(0);
    packed.addAll(inputs, means);
    for (let output = 0; output < outputs; output++) means[output] = (means[output] as number) / packed.count;
    if (task === 'regression') score.value = means[0] as number;
    else score.chosen = firstLargest(means);
  };
}

function boostingRun(
  { initial, rate, trees }: BoostingModel,
  { inputs, encode }: InputEncoder<Float32Array>,
  take: TakeSums,
): Run {
  const packed = new PackedTrees(trees, 1);
  const sums = new Float64Array(initial.length);
  return (values) => {
    encode(values);
    sums.set(initial);
    packed.addStages(inputs, rate, sums);
    take(sums);
  };
}

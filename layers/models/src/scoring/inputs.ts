import type { Value } from '@bifold/core/engine';
import { type Feature, inputCount } from '../model-file/model-file.ts';

/** Converts the values of features, in their order, to the inputs of a model. */
export interface InputEncoder<Inputs extends Float32Array | Float64Array> {
  /** Each call reuses and overwrites this array. */
  readonly inputs: Inputs;
  encode(values: readonly Value[]): void;
}

type Encode = (value: Value, inputs: Float32Array | Float64Array) => void;

/**
 * Trees take single precision: storing a double in a Float32Array rounds it as scikit-learn's cast
 * does.
 */
export function inputEncoder<Inputs extends Float32Array | Float64Array>(
  features: readonly Feature[],
  arrayOf: new (length: number) => Inputs,
): InputEncoder<Inputs> {
  const inputs = new arrayOf(inputCount(features));
  let next = 0;
  const encoders = features.map((feature) => {
    const at = next;
    next += inputCount([feature]);
    return encoderOf(feature, at);
  });
  return {
    inputs,
    encode(values) {
      for (let index = 0; index < encoders.length; index++) (encoders[index] as Encode)(values[index] as Value, inputs);
    },
  };
}

function encoderOf(feature: Feature, at: number): Encode {
  if (feature.type === 'number') {
    const { impute, mean, scale } = feature;
    return (value, inputs) => {
      inputs[at] = ((value === null ? impute : Number(value)) - mean) / scale;
    };
  }
  const { impute, categories } = feature;
  // Compare as texts: integer and boolean columns can be categories too, and training reads them as
  // texts.
  const positions = new Map(categories.map((category, index) => [String(category), at + index]));
  const ofNull = impute === null ? undefined : positions.get(String(impute));
  // At most one input of a feature is 1: only that one needs to be reset.
  let hot = at;
  return (value, inputs) => {
    inputs[hot] = 0;
    const position = value === null ? ofNull : positions.get(typeof value === 'string' ? value : String(value));
    if (position === undefined) return;
    inputs[position] = 1;
    hot = position;
  };
}

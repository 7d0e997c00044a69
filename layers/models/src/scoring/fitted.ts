import type { ColumnType, ModelPlan, Plan, ScorePlan, Slots, Value } from '@bifold/core/engine';
import { ModelError, readableTypes } from '@bifold/core/engine';
import { binOf, type Distribution } from '../model-file/distribution.ts';
import type { Feature, ModelFile } from '../model-file/model-file.ts';
import { type Score, scorerOf } from './scorer.ts';

/** A model version, prepared for the columns of one pipeline. */
export interface FittedModel {
  readonly version: string;
  /** The fields that it reads. */
  readonly fields: readonly string[];
  /**
   * The values of the model's columns, in their order. Each call reuses and overwrites the same
   * array.
   */
  score(slots: Slots): readonly Value[];
}

const ACCEPTED_TYPES: Readonly<Record<Feature['type'], readonly ColumnType[]>> = {
  number: ['integer', 'double', 'boolean', 'timestamp'],
  category: ['text', 'integer', 'boolean'],
};

/**
 * The fields of a plan that a version reads, in the order of its features.
 *
 * @throws {ModelError} when the plan has no such field of that type
 */
export function featureFields(plan: Plan, { name, features: renamed }: ModelPlan, file: ModelFile): readonly string[] {
  const types = readableTypes(plan);
  return file.features.map(({ field: feature, type }) => {
    const field = renamed[feature] ?? feature;
    const found = types.get(field);
    if (found !== undefined && ACCEPTED_TYPES[type].includes(found)) return field;
    throw unfit(
      plan,
      file,
      found === undefined ? `a feature "${feature}", and no field "${field}"` : `"${field}" (${found}) as a ${type}`,
      found === undefined
        ? `features among ${[...types.keys()].join(', ')}`
        : `${ACCEPTED_TYPES[type].join(', ')} fields for a ${type}`,
      `train it from this pipeline, or say which field is meant: model('${name}', { features: { '${feature}': '...' } })`,
    );
  });
}

/**
 * Prepares a model version for a pipeline.
 * @param slotOf where each field of the plan stands in the slots @throws {ModelError} when the
 * version is not made for the pipeline
 */
export function fitModel(
  plan: Plan,
  model: ModelPlan,
  file: ModelFile,
  slotOf: (field: string) => number,
): FittedModel {
  const fields = featureFields(plan, model, file);
  const slotsRead = fields.map(slotOf);
  const readers = model.columns.map((column) => readerOf(plan, file, column));
  const scorer = scorerOf(file);
  const values: Value[] = new Array(slotsRead.length).fill(null);
  const scores: Value[] = new Array(readers.length).fill(null);
  return {
    version: file.version,
    fields,
    score(slots) {
      for (let index = 0; index < slotsRead.length; index++) values[index] = slots[slotsRead[index] as number] ?? null;
      const score = scorer.score(values);
      for (let index = 0; index < readers.length; index++) scores[index] = (readers[index] as ReadScore)(score, values);
      return scores;
    },
  };
}

type ReadScore = (score: Score, values: readonly Value[]) => Value;

/** Reads the value of a column from a score. Numbers are finite and never -0, as in all columns. */
function readerOf(plan: Plan, file: ModelFile, column: ScorePlan): ReadScore {
  const { name, output, of } = column;
  const refuse = (received: string, allowed: string): never => {
    throw unfit(
      plan,
      file,
      received,
      allowed,
      `say which output "${name}" has: model('${file.name}', { output: ... }), or train such a model`,
    );
  };
  if (output === 'version') return () => file.version;
  if (output === 'bin') return binReader(file, column, refuse);
  if (output === 'number') {
    if (file.classes !== null) refuse(`a classification for "${name}", which gives a number`, 'a regression');
    return ({ value }) => (Number.isFinite(value) ? value + 0 : null);
  }
  const classes = file.classes ?? refuse(`a regression for "${name}", which gives a ${output}`, 'a classification');
  if (output === 'probability') {
    if (of === null) return ({ probabilities, chosen }) => (probabilities[chosen] as number) + 0;
    const index = classes.indexOf(of);
    if (index < 0) refuse(`no class ${JSON.stringify(of)}`, classes.map((label) => JSON.stringify(label)).join(', '));
    return ({ probabilities }) => (probabilities[index] as number) + 0;
  }
  const wanted = output === 'text' ? 'string' : 'number';
  const other = classes.find((label) => typeof label !== wanted);
  if (other !== undefined) refuse(`the class ${JSON.stringify(other)}`, `classes that are of type ${output}`);
  return ({ chosen }) => classes[chosen] as Value;
}

/**
 * Null if training kept no distribution. A drift report reads the version's file, and explains it
 * there.
 */
function binReader(
  { classes, features, distributions }: ModelFile,
  { name, of }: ScorePlan,
  refuse: (received: string, allowed: string) => never,
): ReadScore {
  if (of === null) {
    if (distributions === undefined) return () => null;
    const bin = binOf(distributions.score);
    return classes === null ? ({ value }) => bin(value) : ({ chosen }) => bin(classes[chosen] as Value);
  }
  const index = features.findIndex(({ field }) => field === of);
  if (index < 0)
    refuse(`no feature ${JSON.stringify(of)} for "${name}"`, features.map(({ field }) => field).join(', '));
  if (distributions === undefined) return () => null;
  const bin = binOf(distributions.features[index] as Distribution);
  return (_, values) => bin(values[index] ?? null);
}

function unfit(plan: Plan, file: ModelFile, received: string, allowed: string, remedy: string): ModelError {
  return new ModelError('BIFOLD_MODEL_UNFIT', {
    failed: `version "${file.version}" of model "${file.name}" is not made for pipeline "${plan.name}"`,
    received,
    allowed,
    remedy,
  });
}

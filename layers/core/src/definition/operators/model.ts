import type { ClassLabel, ModelOutput, WithoutVersion } from '../../plan/model.ts';
import { checkResourceName } from '../identifier.ts';

interface ModelOptions<Output extends ModelOutput> {
  /**
   * The number of a regression (`number`, the default), the class of a classification (`text` or
   * `integer`), or a class's `probability`. Also the `version` that scored, or the `bin` of the
   * training data in which the score or a feature lies.
   */
  readonly output?: Output;
  /**
   * For `probability`, the class, by default the predicted one. For `bin`, the feature, by default
   * the score.
   */
  readonly of?: ClassLabel;
  /** Scores with the challenger instead: `bifold model challenge`. Null while there is none. */
  readonly shadow?: boolean;
  /** Columns for the features that have other names here: `{ age: 'person.age' }`. */
  readonly features?: Readonly<Record<string, string>>;
  /**
   * The treatment of records while the model has no version. `null`, the default: the column is
   * null. `wait`: the records wait.
   */
  readonly missing?: WithoutVersion;
}

type Chosen<Output extends ModelOutput> = ModelOptions<Output> & { readonly output: Output };

/** One score column of a definition, as plain data. */
export interface Model<out Value> {
  readonly name: string;
  readonly output: ModelOutput;
  readonly of: ClassLabel | null;
  readonly shadow: boolean;
  readonly features: Readonly<Record<string, string>>;
  readonly missing: WithoutVersion;
  readonly '~value'?: Value;
}

/**
 * Scores each record with a model of the registry. Each segment of the log is bound to one version,
 * so both layers score alike. The version decides what nulls and unseen categories mean. A score
 * that is not finite is null.
 *
 * @param name - the name of the model in the registry
 * @param options - which output of the model the column holds
 * @throws {DefinitionError} BIFOLD_BAD_NAME if the name cannot be used
 * @throws {DefinitionError} BIFOLD_BAD_SCORE if an option has an unknown value, or columns of one
 *   model disagree
 * @throws {DefinitionError} BIFOLD_NOT_SCALAR if a feature is a nested field
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if a feature names no column
 * @example
 * const expected = definePipeline({
 *   ...perCity,
 *   scores: { expectedFare: model('fare', { features: { duration: 'minutes' } }) },
 *   aggregates: { expected: mean('expectedFare') },
 * });
 */
export function model(name: string, options?: ModelOptions<'number' | 'probability'>): Model<number>;
export function model(name: string, options: Chosen<'integer' | 'bin'>): Model<number>;
export function model(name: string, options: Chosen<'text' | 'version'>): Model<string>;
export function model(name: string, options: ModelOptions<ModelOutput> = {}): Model<never> {
  const { output = 'number', of = null, shadow = false, features = {}, missing = 'null' } = options;
  checkResourceName('a model', name);
  return Object.freeze({ name, output, of, shadow, features: Object.freeze({ ...features }), missing });
}

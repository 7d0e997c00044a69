import type { ClassLabel, ModelOutput, WithoutVersion } from '../plan/model.ts';
import { checkResourceName } from './identifier.ts';

interface ModelOptions {
  /**
   * Of which class the probability is, of the predicted one when it is left out; of which feature
   * the bin is, of the score when it is left out.
   */
  readonly of?: ClassLabel;
  /** Scores with the challenger: `bifold model challenge`. */
  readonly shadow?: boolean;
  /** Fields for features that are named otherwise: `{ age: 'person.age' }`. */
  readonly features?: Readonly<Record<string, string>>;
  readonly missing?: WithoutVersion;
}

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
 * Scores each record with the model that the registry has under this name. The version is bound
 * once per segment of the log, so that batch and speed score alike; which features it reads, and
 * what nulls and unseen categories mean, the version says.
 */
export function model(
  name: string,
  options?: ModelOptions & { readonly output?: 'number' | 'probability' },
): Model<number>;
export function model(name: string, options: ModelOptions & { readonly output: 'integer' | 'bin' }): Model<number>;
export function model(name: string, options: ModelOptions & { readonly output: 'text' | 'version' }): Model<string>;
export function model(name: string, options: ModelOptions & { readonly output?: ModelOutput } = {}): Model<never> {
  const { output = 'number', of = null, shadow = false, features = {}, missing = 'null' } = options;
  checkResourceName('a model', name);
  return Object.freeze({ name, output, of, shadow, features: Object.freeze({ ...features }), missing });
}

import { CUSTOM_INPUTS, CUSTOM_OUTPUTS, type CustomAggregate, register } from '../../aggregates/kinds/custom.ts';
import type { Json, Scalar } from '../../json.ts';
import { deepFreeze } from '../../plan/version.ts';
import { checkIdentifier } from '../identifier.ts';
import { described, refuse } from '../scope.ts';
import { type Aggregate, type ConditionOf, type Nested, ofField, type Where } from './aggregate.ts';

/** The TypeScript types of the inputs of an aggregate. */
interface InputValues {
  readonly numbers: number;
  readonly booleans: boolean;
  readonly texts: string;
  readonly scalars: Scalar;
}
interface OutputValues {
  readonly number: number;
  readonly boolean: boolean;
  readonly text: string;
  readonly json: Json;
}

/** The options of `defineAggregate`. */
interface Options<T extends keyof InputValues, S extends keyof OutputValues, State, R extends OutputValues[S] | null> {
  /** A letter, then letters, digits and underscores. */
  readonly name: string;
  /**
   * A whole number from 1, part of the version of every view that uses the aggregate. Raise it when
   * the code changes its meaning.
   */
  readonly version: number;
  /** The type of the columns that it reads: `numbers`, `booleans`, `texts` or `scalars`. */
  readonly input: T;
  /** The type of its result: `number`, `boolean`, `text` or `json`. A result may also be null. */
  readonly output: S;
  /** The state of no value. States are JSON. */
  readonly empty: State;
  /** The state of one value, which is never null. */
  lift(value: InputValues[T]): NoInfer<State>;
  /**
   * The state of the values of two states. Must be associative and commutative, with `empty` as its
   * identity.
   */
  merge(left: NoInfer<State>, right: NoInfer<State>): NoInfer<State>;
  /** The result of a state. */
  present(state: NoInfer<State>): R;
}

/** Makes an aggregate of a field, as `sum` does. */
export type CustomConstructor<Value, R> = <const F extends string, const W extends string = never>(
  field: F,
  options?: Where<W>,
) => Aggregate<Nested<F, Value | null | undefined> & ConditionOf<NoInfer<W>>, R>;

/**
 * Makes an aggregate of your own from four functions. The result takes a column and `{ where }`, as
 * `sum` does. Nulls are skipped before `lift`. `npx bifold check` and `deploy` test the laws of
 * `merge` with generated values.
 *
 * @param options - the functions, and the types of their input and output
 * @throws {DefinitionError} BIFOLD_BAD_NAME if the name cannot be used
 * @throws {DefinitionError} BIFOLD_BAD_AGGREGATE if a function is missing, or an option has an
 *   unknown value
 * @example
 * const fareRange = defineAggregate({
 *   name: 'fareRange',
 *   version: 1,
 *   input: 'numbers',
 *   output: 'number',
 *   empty: null as readonly [least: number, most: number] | null,
 *   lift: (value) => [value, value] as const,
 *   merge: (left, right) =>
 *     left && right
 *       ? ([Math.min(left[0], right[0]), Math.max(left[1], right[1])] as const)
 *       : (left ?? right),
 *   present: (state) => (state === null ? null : state[1] - state[0]),
 * });
 * const ranges = definePipeline({ ...perCity, aggregates: { fares: fareRange('fare') } });
 */
export function defineAggregate<
  const T extends keyof InputValues,
  const S extends keyof OutputValues,
  State,
  R extends OutputValues[S] | null,
>(options: Options<T, S, State, R>): CustomConstructor<InputValues[T], R> {
  const { version, input, output, empty } = options;
  const name = checkIdentifier('an aggregate of your own', options.name);
  const wrong = (what: string, received: unknown, allowed: string): never =>
    refuse('BIFOLD_BAD_AGGREGATE', {
      failed: `the aggregate "${name}" ${what}`,
      received: described(received),
      allowed,
      remedy: 'correct it',
    });
  if (!Number.isSafeInteger(version) || version < 1) wrong('has no usable version', version, 'a whole number from 1');
  if (!CUSTOM_INPUTS.includes(input)) wrong('names no usable input', input, CUSTOM_INPUTS.join(', '));
  if (!CUSTOM_OUTPUTS.includes(output)) wrong('names no usable output', output, CUSTOM_OUTPUTS.join(', '));
  for (const part of ['lift', 'merge', 'present'] as const)
    if (typeof options[part] !== 'function') wrong(`has no ${part}`, options[part], 'a function');
  if (empty === undefined || typeof empty === 'function')
    wrong('has an empty state that cannot be stored', empty, 'JSON');
  const { lift, merge, present } = options;
  const customId = register(
    Object.freeze({
      name,
      version,
      input,
      output,
      empty: deepFreeze(empty),
      lift,
      merge,
      present,
    }) as unknown as CustomAggregate,
  );
  return (field, options) => ofField('custom', field, options, { customId });
}

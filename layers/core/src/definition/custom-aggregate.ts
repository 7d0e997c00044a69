import { CUSTOM_INPUTS, CUSTOM_OUTPUTS, type CustomAggregate, register } from '../aggregates/kinds/custom.ts';
import type { Json, Scalar } from '../json.ts';
import { deepFreeze } from '../plan/version.ts';
import { type Aggregate, type ConditionOf, type Nested, ofField, type Where } from './aggregate.ts';
import { checkIdentifier } from './identifier.ts';
import { refuse } from './scope.ts';

/** What a field holds, by what an aggregate takes. */
interface Taken {
  readonly numbers: number;
  readonly booleans: boolean;
  readonly texts: string;
  readonly scalars: Scalar;
}
interface Shown {
  readonly number: number;
  readonly boolean: boolean;
  readonly text: string;
  readonly json: Json;
}

/** What `defineAggregate` takes. */
interface Options<T extends keyof Taken, S extends keyof Shown, State, R extends Shown[S] | null> {
  readonly name: string;
  /**
   * From 1; raised when the code means something else, as name and version enter the version of
   * every view that has it.
   */
  readonly version: number;
  /** The type of the fields that it reads. */
  readonly input: T;
  /** The type of its result, which may also be null. */
  readonly output: S;
  /** The state of nothing. States are JSON: `check` sees to it. */
  readonly empty: State;
  lift(value: Taken[T]): NoInfer<State>;
  merge(left: NoInfer<State>, right: NoInfer<State>): NoInfer<State>;
  present(state: NoInfer<State>): R;
}

/** Takes a field, as `sum` does. */
export type CustomConstructor<Value, R> = <const F extends string, const W extends string = never>(
  field: F,
  options?: Where<W>,
) => Aggregate<Nested<F, Value | null | undefined> & ConditionOf<NoInfer<W>>, R>;

/**
 * An aggregate of your own, as four functions; nulls never come to it. It must merge as every
 * aggregate does: associative, commutative, `empty` changes nothing. `npx bifold check` tries that
 * with generated values, and so does `deploy`.
 *
 * @example
 * const range = defineAggregate({
 *   ...{ name: 'range', version: 1, input: 'numbers', output: 'number' },
 *   empty: null as readonly [number, number] | null,
 *   lift: (value) => [value, value] as const,
 *   merge: (left, right) =>
 *     left && right
 *       ? ([Math.min(left[0], right[0]), Math.max(left[1], right[1])] as const)
 *       : (left ?? right),
 *   present: (state) => (state === null ? null : state[1] - state[0]),
 * });
 * // aggregates: { span: range('fare') }
 */
export function defineAggregate<
  const T extends keyof Taken,
  const S extends keyof Shown,
  State,
  R extends Shown[S] | null,
>(options: Options<T, S, State, R>): CustomConstructor<Taken[T], R> {
  const { version, input, output, empty } = options;
  const name = checkIdentifier('an aggregate of your own', options.name);
  const wrong = (what: string, received: unknown, allowed: string): never =>
    refuse('BIFOLD_BAD_AGGREGATE', {
      failed: `the aggregate "${name}" ${what}`,
      received: typeof received === 'function' ? 'a function' : (JSON.stringify(received) ?? String(received)),
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
  const own = register(
    Object.freeze({
      ...{ name, version, input, output, empty: deepFreeze(empty), lift, merge, present },
    }) as unknown as CustomAggregate,
  );
  return (field, options) => ofField('own', field, options, { own });
}

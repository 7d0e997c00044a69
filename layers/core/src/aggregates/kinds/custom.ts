import { DefinitionError } from '../../errors.ts';
import type { Json, Scalar } from '../../json.ts';
import type { Plan } from '../../plan/plan.ts';
import { canonicalJson } from '../../plan/version.ts';
import type { Algebra } from '../algebra.ts';
import type { AggregateDescriptor } from '../descriptor.ts';

/** The types of the values that an aggregate may read. */
export const CUSTOM_INPUTS = ['numbers', 'booleans', 'texts', 'scalars'] as const;
/** The types of its result, beside null. */
export const CUSTOM_OUTPUTS = ['number', 'boolean', 'text', 'json'] as const;

/**
 * A user-defined aggregate. Its states are JSON, so that they can be stored. The laws of every
 * aggregate hold: `merge` is associative and commutative, `empty` is its identity, and all four
 * functions are pure. `npx bifold check` tests the laws.
 */
export interface CustomAggregate {
  readonly name: string;
  /**
   * Raise it when the code computes something else. Name and version are part of the view's
   * version; the code is not.
   */
  readonly version: number;
  readonly input: (typeof CUSTOM_INPUTS)[number];
  readonly output: (typeof CUSTOM_OUTPUTS)[number];
  readonly empty: Json;
  lift(value: Scalar): Json;
  merge(left: Json, right: Json): Json;
  present(state: Json): Json;
}

/** Custom aggregates by `name@version`. Loading a definition registers its aggregates. */
const registered = new Map<string, CustomAggregate>();

/** @throws {DefinitionError} when the name and version stand for other code already */
export function register(aggregate: CustomAggregate): string {
  const id = `${aggregate.name}@${aggregate.version}`;
  const known = registered.get(id);
  if (known !== undefined && definitionText(known) !== definitionText(aggregate))
    throw new DefinitionError('BIFOLD_AGGREGATE_TWICE', {
      failed: `the aggregate ${id} is defined twice`,
      received: 'two definitions that differ',
      allowed: 'one meaning for a name and version: stored states carry both',
      remedy: 'raise the version of the newer one, or give it another name',
    });
  registered.set(id, known ?? aggregate);
  return id;
}

/** @throws {DefinitionError} where the module that defines it was not loaded */
export function customAggregate(id: string): CustomAggregate {
  const aggregate = registered.get(id);
  if (aggregate) return aggregate;
  throw new DefinitionError('BIFOLD_UNKNOWN_AGGREGATE', {
    failed: `a plan has an aggregate that is not defined here: ${id}`,
    received: id,
    allowed: [...registered.keys()].join(', ') || 'none: no aggregate of your own is defined',
    remedy: 'load the module that calls defineAggregate before the plan is used',
  });
}

/**
 * The aggregates of a plan that no loaded module defines. Without them, no row of that version can
 * be read.
 */
export function undefinedAggregates({ aggregates }: Pick<Plan, 'aggregates'>): readonly string[] {
  const needed = new Set(aggregates.flatMap((aggregate) => (aggregate.kind === 'custom' ? [aggregate.customId] : [])));
  return [...needed].filter((id) => !registered.has(id));
}

/** The source text of the functions, to compare two definitions of the same name and version. */
function definitionText({ input, output, empty, lift, merge, present }: CustomAggregate): string {
  return canonicalJson([input, output, empty, String(lift), String(merge), String(present)]);
}

/** States are stored as canonical JSON. */
function customAlgebra(id: string): Algebra<Json, Json, Scalar> {
  const { empty, lift, merge, present } = customAggregate(id);
  return {
    empty,
    lift,
    add: (state, value) => merge(state, lift(value)),
    merge,
    present,
    encode: (state, writer) => writer.text(canonicalJson(state)),
    decode: (reader) => {
      const text = reader.text();
      try {
        return JSON.parse(text) as Json;
      } catch {
        return reader.refuse();
      }
    },
  };
}

/** The aggregate's definition says which fields it accepts: `customAggregate(id).input`. */
export const custom: AggregateDescriptor<'custom'> = {
  kind: 'custom',
  input: 'scalars',
  output: ({ customId }) => {
    const { output } = customAggregate(customId);
    return output === 'number' ? 'double' : output;
  },
  algebra: ({ customId }) => customAlgebra(customId),
};

import type { Pipeline } from '@bifold/core';
import {
  type AggregatePlan,
  algebraOf,
  type ColumnType,
  type CustomAggregate,
  type CustomAggregatePlan,
  canonicalJson,
  customAggregate,
  deepFreeze,
  type Json,
  Reader,
  type Result,
  Writer,
} from '@bifold/core/engine';
import fc from 'fast-check';
import { UsageError } from '../errors.ts';

/** The test results of a user-defined aggregate. */
export interface TriedAggregate {
  readonly aggregate: string;
  readonly name: string;
  readonly domain: ColumnType;
  readonly laws: number;
}

const RUNS = 1_000;
const VALUES_MAX = 8;

/** A violated law, with the values and the results. */
class BrokenLaw extends Error {
  readonly received: string;
  readonly allowed: string;

  constructor(received: string, allowed: string) {
    super(received);
    this.received = received;
    this.allowed = allowed;
  }
}

/**
 * Tests the user-defined aggregates of a pipeline with generated values of their fields' types.
 * @throws {UsageError} with the smallest counterexample
 */
export function tryAggregates({ plan }: Pipeline, seed: number): readonly TriedAggregate[] {
  return plan.aggregates
    .filter((aggregate) => aggregate.kind === 'custom')
    .map((aggregate) => {
      const custom = customAggregate(aggregate.customId);
      const laws = lawsOf(custom, aggregate);
      const values = fc.array(VALUES[aggregate.domain], { maxLength: VALUES_MAX });
      for (const [law, holds] of Object.entries(laws)) {
        const property = fc.property(values, values, values, (...lists) => holds(...lists));
        const { failed, errorInstance } = fc.check(property, { seed, numRuns: RUNS });
        if (failed) throw refusal(aggregate, law, errorInstance);
      }
      return {
        aggregate: aggregate.customId,
        name: aggregate.name,
        domain: aggregate.domain,
        laws: Object.keys(laws).length,
      };
    });
}

function refusal({ name, customId }: CustomAggregatePlan, law: string, error: unknown): UsageError {
  const broken = error instanceof BrokenLaw ? error : null;
  return new UsageError('BIFOLD_UNLAWFUL_AGGREGATE', {
    failed: `the aggregate ${customId} ("${name}") breaks a law: ${law}`,
    received: broken?.received ?? `an error: ${error instanceof Error ? error.message : String(error)}`,
    allowed: broken?.allowed ?? 'a value for all values and states',
    remedy:
      'keep in the state what can be put together in any order (of a mean the sum and the count), and compute what is shown in present; sums of doubles round, so add whole numbers, or use sum, mean and variance, which are exact',
  });
}

type Values = readonly unknown[];
type Law = (a: Values, b: Values, c: Values) => void;

function lawsOf(custom: CustomAggregate, aggregate: AggregatePlan): Readonly<Record<string, Law>> {
  // States are frozen, so a function that changes one in place throws.
  const lift = (value: unknown): Json => deepFreeze(custom.lift(value as never));
  const merge = (left: Json, right: Json): Json => deepFreeze(custom.merge(left, right));
  const of = (values: Values): Json => values.reduce<Json>((state, value) => merge(state, lift(value)), custom.empty);
  const algebra = algebraOf(aggregate);
  const stored = (state: Json): Json => {
    const writer = new Writer();
    algebra.encode(state, writer);
    return algebra.decode(new Reader(writer.take())) as Json;
  };
  const same = (values: readonly Values[], left: Json, right: Json, allowed: string): void => {
    if (canonicalJson(left) === canonicalJson(right)) return;
    const listed = values.map((list) => JSON.stringify(list)).join(', ');
    throw new BrokenLaw(`of the values ${listed}: ${canonicalJson(left)} and ${canonicalJson(right)}`, allowed);
  };
  const json = (values: Values, state: Json): void => {
    if (!isJson(state))
      throw new BrokenLaw(`of the values ${JSON.stringify(values)}: ${describe(state)}`, JSON_ALLOWED);
  };
  return {
    'states are JSON': (a) => {
      for (const state of [custom.empty, ...a.map(lift)]) json(a, state);
    },
    'merging is commutative': (a, b) =>
      same([a, b], merge(of(a), of(b)), merge(of(b), of(a)), 'merge(a, b) equal to merge(b, a)'),
    'merging is associative': (a, b, c) =>
      same(
        [a, b, c],
        merge(merge(of(a), of(b)), of(c)),
        merge(of(a), merge(of(b), of(c))),
        'merge(merge(a, b), c) equal to merge(a, merge(b, c))',
      ),
    'empty changes nothing': (a) => {
      const [left, right] = [merge(custom.empty, of(a)), merge(of(a), custom.empty)];
      // Test single values too: merging with `empty` must not change a state.
      for (const value of a) {
        same([[value]], merge(custom.empty, lift(value)), lift(value), 'merge(empty, a) equal to a');
        same([[value]], merge(lift(value), custom.empty), lift(value), 'merge(a, empty) equal to a');
      }
      same([a], left, of(a), 'merge(empty, a) equal to a');
      same([a], right, of(a), 'merge(a, empty) equal to a');
    },
    'merged states are JSON': (a) => json(a, of(a)),
    'the same values give the same states': (a) =>
      same([a], of(a), of(a), 'equal states: no clock, no chance, nothing kept'),
    'what is stored is what is read': (a, b) => {
      same([a], present(custom, stored(of(a))), present(custom, of(a)), 'the same result');
      same([a, b], merge(stored(of(a)), of(b)), merge(of(a), of(b)), 'the same state');
    },
    [`${custom.output === 'json' ? 'JSON' : `a ${custom.output}`} or null is shown`]: (a) => {
      const result = present(custom, of(a));
      if (!isOfOutputType(custom, result))
        throw new BrokenLaw(`of the values ${JSON.stringify(a)}: ${describe(result)}`, `${custom.output}, or null`);
    },
  };
}

const JSON_ALLOWED = 'finite numbers but -0, well-formed texts, booleans, null, and arrays and plain objects of them';

const present = (custom: CustomAggregate, state: Json): Result => custom.present(state);

function isJson(value: unknown): boolean {
  if (value === null || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value === 'string') return value.isWellFormed();
  if (Array.isArray(value)) return value.every(isJson);
  return (
    typeof value === 'object' &&
    Object.getPrototypeOf(value) === Object.prototype &&
    Object.entries(value).every(([name, each]) => name.isWellFormed() && isJson(each))
  );
}

function isOfOutputType({ output }: CustomAggregate, result: Result): boolean {
  if (result === null) return true;
  switch (output) {
    case 'number':
      return typeof result === 'number' && !Number.isNaN(result);
    case 'boolean':
      return typeof result === 'boolean';
    case 'text':
      return typeof result === 'string' && result.isWellFormed();
    case 'json':
      return isJson(result);
  }
}

function describe(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null && !isJson(value))
    return Object.getPrototypeOf(value) === Object.prototype || Array.isArray(value)
      ? `${JSON.stringify(value)}, in which something is no JSON`
      : `a ${value.constructor?.name ?? 'value'}`;
  return Object.is(value, -0) ? '-0' : (JSON.stringify(value) ?? String(value));
}

const double = fc
  .oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer({ min: -1000, max: 1000 }).map((cents) => cents / 100),
    fc.constantFrom(0, 1, 0.1, 1e16, -1e16, Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE),
  )
  .map((value) => value + 0);
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', 'a', 'b'));
const hundredths = fc.integer({ min: -100_000, max: 100_000 }).map((each) => String(each / 100));

/** Generated values in the form of the decoder's. */
const VALUES: Readonly<Record<AggregatePlan['domain'], fc.Arbitrary<unknown>>> = {
  integer: fc.oneof(fc.integer({ min: -9, max: 9 }), fc.maxSafeInteger()),
  double,
  boolean: fc.boolean(),
  text,
  timestamp: fc.integer({ min: -8.64e15, max: 8.64e15 }),
  decimal: hundredths,
};

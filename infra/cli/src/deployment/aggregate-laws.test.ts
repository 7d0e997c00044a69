import { type Aggregate, defineAggregate, definePipeline, type Pipeline, topic, tumbling } from '@bifold/core';
import { range } from '@bifold/example-range';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { UsageError } from '../errors.ts';
import { tryAggregates } from './aggregate-laws.ts';

const Ride = z.object({
  at: z.int(),
  city: z.string(),
  fare: z.number(),
  seats: z.int(),
  price: z.templateLiteral([z.number()]).meta({ format: 'decimal' }),
});
type Ride = z.infer<typeof Ride>;

const ridesWith = (own: Aggregate<Ride, unknown>): Pipeline =>
  definePipeline({
    name: 'rides',
    from: topic('rides', {
      schema: Ride,
      schemaVersion: 1,
      partitionBy: 'city',
      eventTime: { field: 'at', unit: 'ms' },
    }),
    groupBy: ['city'],
    windows: { hourly: tumbling('1h') },
    aggregates: { own },
  });

const of = { version: 1, input: 'numbers', output: 'number' } as const;
const identity = <T>(value: T): T => value;
interface Mean {
  readonly mean: number;
  readonly count: number;
}

describe("an aggregate of somebody's own", () => {
  it('keeps the laws: a range', () => {
    expect(tryAggregates(ridesWith(range('fare')), 1)).toEqual([
      { aggregate: 'range@1', name: 'own', domain: 'double', laws: 8 },
    ]);
  });

  it('keeps the laws: the set of texts, whatever JSON shows it', () => {
    const set = defineAggregate({
      name: 'setOf',
      version: 1,
      input: 'scalars',
      output: 'json',
      empty: [] as readonly string[],
      lift: (value) => [String(value)],
      merge: (left, right) => [...new Set([...left, ...right])].sort(),
      present: identity,
    });
    for (const field of ['city', 'price', 'seats'] as const)
      expect(tryAggregates(ridesWith(set(field)), 1)).toHaveLength(1);
  });

  it.each<{ what: string; law: string; received: RegExp; own: (name: string) => Aggregate<Ride, unknown> }>([
    {
      what: 'a mean of means',
      law: 'associative',
      received: /of the values \[.*\]: -?\d.* and -?\d/,
      own: (name) =>
        defineAggregate({
          ...of,
          name,
          empty: null as number | null,
          lift: identity,
          merge: (left, right) => (left === null || right === null ? (left ?? right) : (left + right) / 2),
          present: identity,
        })('seats'),
    },
    {
      what: 'a mean that is updated, and rounds each time',
      law: 'merging is',
      received: /"mean":/,
      own: (name) =>
        defineAggregate({
          ...of,
          name,
          empty: { mean: 0, count: 0 } as Mean,
          lift: (value) => ({ mean: value, count: 1 }),
          merge: (left, right) => {
            const count = left.count + right.count;
            return { mean: count === 0 ? 0 : (left.mean * left.count + right.mean * right.count) / count, count };
          },
          present: ({ mean }) => mean,
        })('fare'),
    },
    {
      what: 'a sum of doubles',
      law: 'associative',
      received: /of the values/,
      own: (name) =>
        defineAggregate({
          ...of,
          name,
          empty: 0,
          lift: identity,
          merge: (left, right) => left + right + 0,
          present: identity,
        })('fare'),
    },
    {
      what: 'the first that comes',
      law: 'commutative',
      received: /of the values/,
      own: (name) =>
        defineAggregate({
          name,
          version: 1,
          input: 'texts',
          output: 'text',
          empty: null as string | null,
          lift: identity,
          merge: (left, right) => left ?? right,
          present: identity,
        })('city'),
    },
    {
      what: 'an empty that counts',
      law: 'empty changes nothing',
      received: /: 2 and 1/,
      own: (name) =>
        defineAggregate({
          ...of,
          name,
          empty: 1,
          lift: () => 1,
          merge: (left, right) => left + right,
          present: identity,
        })('seats'),
    },
    {
      what: 'a state that is changed in place',
      law: 'merging is',
      received: /Cannot|read only|not extensible/,
      own: (name) =>
        defineAggregate({
          ...of,
          name,
          empty: { n: 0 },
          lift: () => ({ n: 1 }),
          merge: (left, right) => Object.assign(left, { n: left.n + right.n }),
          present: ({ n }) => n,
        })('seats'),
    },
    {
      what: 'a state that is no JSON',
      law: 'states are JSON',
      received: /a Set/,
      own: (name) =>
        defineAggregate({
          ...of,
          name,
          empty: null as never,
          lift: (value) => new Set([value]) as never,
          merge: (left, right) => left ?? right,
          present: () => null,
        })('seats'),
    },
    {
      what: 'a state that JSON cannot hold',
      law: 'states are JSON',
      received: /null/,
      own: (name) =>
        defineAggregate({
          ...of,
          name,
          empty: 0,
          lift: () => Number.NaN,
          merge: (left, right) => left + right,
          present: identity,
        })('seats'),
    },
    {
      what: 'chance',
      law: '',
      received: /of the values/,
      own: (name) =>
        defineAggregate({
          ...of,
          name,
          empty: 0,
          lift: () => Math.random(),
          merge: Math.max,
          present: identity,
        })('seats'),
    },
    {
      what: 'text where a number is shown',
      law: 'a number or null is shown',
      received: /"many"/,
      own: (name) =>
        defineAggregate({
          ...of,
          name,
          empty: 0,
          lift: () => 1,
          merge: (left, right) => Math.min(left + right, 9),
          present: (state) => (state > 2 ? ('many' as never) : state),
        })('seats'),
    },
    {
      what: 'one that throws',
      law: '',
      received: /an error: no more/,
      own: (name) =>
        defineAggregate({
          ...of,
          name,
          empty: 0,
          lift: (value) => {
            if (value > 1000) throw new Error('no more');
            return 1;
          },
          merge: (left, right) => left + right,
          present: identity,
        })('seats'),
    },
  ])('is refused with the values that show it: $what', ({ what, law, received, own }) => {
    const name = what.replace(/[^a-z]/g, '');
    let refused: unknown;
    try {
      tryAggregates(ridesWith(own(name)), 7);
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(UsageError);
    const { code, explanation } = refused as UsageError;
    expect(code).toBe('BIFOLD_UNLAWFUL_AGGREGATE');
    expect(explanation.failed).toContain(`${name}@1`);
    expect(explanation.failed).toContain(law);
    expect(explanation.received).toMatch(received);
    expect([explanation.allowed, explanation.remedy]).not.toContain('');
  });
});

import { expect, it } from '@jest/globals';
import { z } from 'zod';
import { DefinitionError } from '../engine.ts';
import { count, definePipeline, Expression, join, table, topic, tumbling } from '../index.ts';

/** A refused definition: its code, what it must name, and what it must say is allowed. */
export interface Refusal {
  readonly code: string;
  readonly what: string;
  readonly names: string;
  readonly allowed: string;
  readonly make: () => unknown;
}

export const Ride = z.object({
  at: z.iso.datetime(),
  since: z.int(),
  city: z.string(),
  fare: z.number().nullable(),
  seats: z.int(),
  night: z.boolean(),
  tags: z.array(z.string()),
});
const decimal = z.string().meta({ format: 'decimal' });
export const Priced = Ride.extend({ price: decimal, paid: decimal.nullable() });
export const City = z.object({ city: z.string(), rank: z.int(), notes: z.array(z.string()) });
export const cities = table('cities', { schema: City, key: 'city' });
export const rides = topic('rides', { schema: Ride, schemaVersion: 1, partitionBy: 'city', eventTime: 'at' });
export const base = {
  name: 'base',
  from: rides,
  groupBy: ['city'],
  windows: { hourly: tumbling('1h') },
  aggregates: { n: count() },
} as const;
export const topicOptions = { schema: Ride, schemaVersion: 1, partitionBy: 'city', eventTime: 'at' } as const;

/** A definition as a person without types, or a JSON file, would give it. */
export const define = (change: object): unknown => definePipeline({ ...base, ...change } as never);
export const defineTopic = (change: object, others: object = {}): unknown =>
  define({ from: topic('rides', { ...topicOptions, ...change } as never), ...others });
export const from = (change: object): object => ({ from: topic('rides', { ...topicOptions, ...change } as never) });
const Tour = z.object({
  at: z.iso.datetime(),
  town: z.string().nullable(),
  guests: z.int(),
  fare_paid: z.number(),
});
export const tours = topic('tours', { schema: Tour, schemaVersion: 1, partitionBy: 'town', eventTime: 'at' });
const joined = { left: rides, right: tours, as: 'tour', on: { city: 'town' } } as const;
/** A join as a person without types would write it. */
export const defineJoin = (change: object, others: object = {}): unknown =>
  define({ from: join({ ...joined, ...change } as never), ...others });
export const literal = (value: unknown): Expression<unknown> => new Expression({ kind: 'literal', value } as never);

/** Declares a test for each definition that is refused. */
export function itRefuses(refusals: readonly Refusal[]): void {
  it.each(refusals)('refuses $what with $code', ({ code, names, allowed, make }) => {
    let refused: unknown;
    try {
      make();
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(DefinitionError);
    const { code: given, explanation, message, name } = refused as DefinitionError;
    expect(given).toBe(code);
    expect(name).toBe('DefinitionError');
    expect(`${explanation.failed} ${explanation.received}`).toContain(names);
    expect(explanation.allowed).toContain(allowed);
    for (const part of [explanation.failed, explanation.received, explanation.allowed, explanation.remedy, code]) {
      expect(part).not.toBe('');
      expect(message).toContain(part);
    }
  });
}

/** The paths of all parts of a plan that are not frozen. */
export function thawedParts(plan: unknown): readonly string[] {
  const thawed: string[] = [];
  const walk = (value: unknown, path: string): void => {
    if (value === null || typeof value !== 'object') return;
    if (!Object.isFrozen(value)) thawed.push(path);
    for (const [name, inner] of Object.entries(value)) walk(inner, `${path}.${name}`);
  };
  walk(plan, 'plan');
  return thawed;
}

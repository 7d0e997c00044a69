import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { AnyExpression, Plan } from '../engine.ts';
import {
  calendar,
  count,
  definePipeline,
  Expression,
  field,
  lookup,
  max,
  mean,
  min,
  split,
  sum,
  table,
  topic,
  tumbling,
} from '../index.ts';
import { base, City, cities, define, from, Ride, rides, thawedParts, topicOptions } from './rides.fixture.ts';

const everything = definePipeline({
  ...base,
  lookups: { place: lookup(cities, { on: 'city', missing: 'drop' }) },
  derive: {
    dear: field('fare')
      .gt(2.5)
      .and(
        new Expression<boolean>({
          kind: 'not',
          operand: { kind: 'isNull', operand: { kind: 'field', field: 'night' } },
        }),
      ),
  },
  windows: { hourly: tumbling('1h'), daily: tumbling('1d') },
  aggregates: { n: count({ where: 'dear' }), low: min('fare'), average: mean('seats'), ranks: sum('place.rank') },
});

describe('a pipeline', () => {
  it('has a plan of plain data', () => {
    expect(structuredClone(everything.plan)).toEqual(everything.plan);
    expect(JSON.parse(JSON.stringify(everything.plan))).toEqual(everything.plan);
  });

  it('has a plan that is frozen all the way down', () => {
    expect(thawedParts(everything.plan)).toEqual([]);
  });

  it('is frozen, and so are its parts', () => {
    for (const part of [
      everything,
      rides,
      rides.eventTime,
      cities,
      tumbling('1h'),
      count(),
      sum('x'),
      field('x'),
      field('x').node,
      lookup(cities, { on: 'x' }),
    ])
      expect(Object.isFrozen(part)).toBe(true);
  });
});

const versionOf = (change: object): string => (define(change) as { plan: Plan }).plan.version;

describe('the version of a view', () => {
  const plain = versionOf({});

  it('is its name and a hash, and the same each time', () => {
    expect(plain).toMatch(/^base-[0-9a-f]{12}$/);
    expect(versionOf({})).toBe(plain);
  });

  const derive = (expression: AnyExpression): object => ({ derive: { dear: expression } });
  const joined = (change: object): object => ({ lookups: { place: { ...lookup(cities, { on: 'city' }), ...change } } });
  it.each<[string, object, object]>([
    ['name', {}, { name: 'other' }],
    ['topic', {}, { from: topic('trips', topicOptions) }],
    ['schemaVersion', {}, from({ schemaVersion: 2 })],
    ['number of fields', {}, from({ schema: Ride.extend({ more: z.string() }) })],
    ['type of a field', {}, from({ schema: Ride.extend({ fare: z.int().nullable() }) })],
    ['nullability of a field', {}, from({ schema: Ride.extend({ fare: z.number() }) })],
    ['partition key', {}, from({ partitionBy: 'seats' })],
    ['event time', {}, from({ eventTime: { field: 'since', unit: 's' } })],
    [
      'unit of the event time',
      from({ eventTime: { field: 'since', unit: 's' } }),
      from({ eventTime: { field: 'since', unit: 'ms' } }),
    ],
    ['key', {}, { groupBy: ['city', 'night'] }],
    ['order of the key', { groupBy: ['city', 'night'] }, { groupBy: ['night', 'city'] }],
    ['size of a window', {}, { windows: { hourly: tumbling('2h') } }],
    ['unit of a calendar', { windows: { daily: calendar('day') } }, { windows: { daily: calendar('week') } }],
    [
      'clocks of a calendar',
      { windows: { daily: calendar('day') } },
      { windows: { daily: { ...calendar('day'), clock: [[0, 1]] } } },
    ],
    ['name of a window', {}, { windows: { daily: tumbling('1h') } }],
    ['number of windows', {}, { windows: { hourly: tumbling('1h'), daily: tumbling('1d') } }],
    ['kind of an aggregate', { aggregates: { n: min('fare') } }, { aggregates: { n: max('fare') } }],
    ['field of an aggregate', { aggregates: { n: sum('fare') } }, { aggregates: { n: sum('seats') } }],
    ['condition of an aggregate', {}, { aggregates: { n: count({ where: 'night' }) } }],
    ['name of an aggregate', {}, { aggregates: { m: count() } }],
    ['expression', derive(field('fare').gt(2)), derive(field('fare').ge(2))],
    ['literal', derive(field('fare').gt(2)), derive(field('fare').gt(2.5))],
    ['flatMap', {}, { flatMap: { word: split('city', ' ') } }],
    ['separator of a split', { flatMap: { word: split('city', ' ') } }, { flatMap: { word: split('city', ',') } }],
    ['set of lookups', {}, joined({})],
    ['rule for missing rows', joined({}), joined({ missing: 'drop' })],
    ['table of a lookup', joined({}), joined({ table: table('towns', { schema: City, key: 'city' }) })],
    [
      'columns of a lookup',
      joined({}),
      joined({ table: table('cities', { schema: City.extend({ more: z.int() }), key: 'city' }) }),
    ],
    ['segmentSize', {}, { storage: { segmentSize: 64 } }],
    ['buckets', {}, { storage: { buckets: 5 } }],
  ])('changes with another %s', (_, before, after) => {
    expect(versionOf(after)).not.toBe(versionOf(before));
  });

  it.each<[string, object, object]>([
    [
      'another order of windows',
      { windows: { a: tumbling('1h'), b: tumbling('2h') } },
      { windows: { b: tumbling('2h'), a: tumbling('1h') } },
    ],
    [
      'another order of aggregates',
      { aggregates: { a: count(), b: sum('fare') } },
      { aggregates: { b: sum('fare'), a: count() } },
    ],
    [
      'another order of fields',
      {},
      from({ schema: z.object(Object.fromEntries(Object.entries(Ride.shape).reverse())) }),
    ],
    ['another order of options', {}, Object.fromEntries(Object.entries(base).reverse())],
    ['another spelling of a duration', {}, { windows: { hourly: tumbling('60m') } }],
    [
      'defaults that are written out',
      {},
      { storage: { segmentSize: { least: 64, most: 4096, share: 16 }, buckets: 4 }, lookups: {}, derive: {} },
    ],
    ['a refinement of the schema', {}, from({ schema: Ride.extend({ fare: z.number().max(5).nullable() }) })],
  ])('does not change with %s', (_, before, after) => {
    expect(versionOf(after)).toBe(versionOf(before));
  });
});

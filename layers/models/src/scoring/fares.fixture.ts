import { count, definePipeline, field, lookup, mean, model, table, topic, tumbling } from '@bifold/core';
import { z } from 'zod';

const Ride = z.object({ at: z.int(), city: z.string(), fare: z.number().nullable(), tags: z.array(z.string()) });
const Place = z.object({ city: z.string(), rank: z.int() });
const rides = topic('rides', {
  schema: Ride,
  schemaVersion: 1,
  partitionBy: 'city',
  eventTime: { field: 'at', unit: 'ms' },
});
/** The parts that pipelines over rides have in common. */
export const base = {
  name: 'base',
  from: rides,
  lookups: { place: lookup(table('places', { schema: Place, key: 'city' }), { on: 'city' }) },
  groupBy: ['city'],
  windows: { tens: tumbling('10ms') },
} as const;

/** A pipeline that scores rides by the model `fares`. */
export const scored = definePipeline({
  ...base,
  derive: {
    high: field('expected').gt(5),
    dear: field('fare').gt(2),
    highest: field('high').eq(true).and(field('dear').eq(true)),
  },
  scores: { expected: model('fares', { features: { rank: 'place.rank' } }) },
  where: field('expected').ne(-1).or(field('expected').isNull()),
  aggregates: { n: count({ where: 'highest' }), expected: mean('expected') },
});

/** `2 fare + rank`, where a missing fare counts as 10. */
export const linear = (version: string, change: object = {}): object => ({
  format: 1,
  name: 'fares',
  version,
  task: 'regression',
  classes: null,
  featurePlan: 'plan',
  features: [
    { field: 'fare', type: 'number', impute: 10, mean: 0, scale: 1 },
    { field: 'rank', type: 'number', impute: 0, mean: 0, scale: 1 },
  ],
  model: { kind: 'linear', coefficients: [[2, 1]], intercepts: [0] },
  ...change,
});

import { count, definePipeline, field, lookup, mean, model, tumbling } from '@bifold/core';
import { category, defineModel, gradientBoosting } from '@bifold/models';
import { departures, planes } from './delays.ts';

/**
 * How late flights leave, and how late they were expected to leave, by carrier and airport, each
 * day. Beside `delays`, not in it: what is expected changes with every version of the model, and
 * the figures of `delays` do not. While no version is promoted nothing is expected, and all else
 * counts.
 */
export const delaysExpected = definePipeline({
  name: 'delays-expected',
  from: departures,
  lookups: { plane: lookup(planes, { on: 'tailnum', missing: 'null' }) },
  derive: {
    hour: field('at').hour(),
    weekday: field('at').dayOfWeek(),
    later: field('dep_delay').minus(field('expected')),
  },
  scores: { expected: model('departure-delay') },
  groupBy: ['carrier', 'origin'],
  windows: { daily: tumbling('1d') },
  aggregates: {
    flights: count(),
    meanDelay: mean('dep_delay'),
    expectedDelay: mean('expected'),
    /** Of the flights that left: how much later than expected. */
    meanLater: mean('later'),
  },
  // A promoted version scores from the next segment on: small ones begin within days of these
  // flights.
  storage: { segmentSize: 512 },
});

/**
 * How late a flight leaves, in minutes, from what is known when it is announced: learned from the
 * archive of the stream itself.
 */
export const departureDelayModel = defineModel({
  name: 'departure-delay',
  from: delaysExpected,
  features: ['carrier', category('origin'), 'dest', 'hour', 'weekday', 'plane.seats'],
  target: 'dep_delay',
  task: 'regression',
  estimator: gradientBoosting({ trees: 60, maxDepth: 4, minLeafRows: 50 }),
  folds: 3,
});

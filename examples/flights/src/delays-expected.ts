import { count, definePipeline, field, lookup, mean, model, tumbling } from '@bifold/core';
import { category, defineModel, gradientBoosting } from '@bifold/models';
import { departures, planes } from './delays.ts';

/**
 * The actual and the expected delay of flights, by carrier and airport, each day. It is separate
 * from `delays`, because expected delays change with every version of the model. While no version
 * is promoted, the expected delay is null.
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
    /** The mean difference between actual and expected delay, of the flights that left. */
    meanLater: mean('later'),
  },
  // A promoted version scores from the next segment on: small ones begin within days of these
  // flights.
  storage: { segmentSize: 512 },
});

/**
 * Predicts the departure delay of a flight, in minutes, from facts that are known when it is
 * announced. It learns from the archive of the stream itself.
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

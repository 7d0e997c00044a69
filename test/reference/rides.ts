import { definePipeline, sum, table, topic, tumbling } from '@bifold/core';
import * as z from 'zod';

export const Ride = z.object({
  id: z.string(),
  at: z.iso.datetime(),
  city: z.string(),
  driver: z.string(),
  minutes: z.int().nullable(),
  fare: z.number().nullable(),
  tip: z.number().nullable(),
  isShared: z.boolean().nullable(),
  comment: z.string().nullable(),
  tags: z.array(z.string()),
});
export const rides = topic('rides', { schema: Ride, schemaVersion: 1, partitionBy: 'city', eventTime: 'at' });

const Shower = z.object({ at: z.iso.datetime(), city: z.string(), millimeters: z.number() });
export const showers = topic('showers', { schema: Shower, schemaVersion: 1, partitionBy: 'city', eventTime: 'at' });

const Driver = z.object({ driver: z.string(), since: z.int(), car: z.string().nullable() });
export const drivers = table('drivers', { schema: Driver, key: 'driver' });

/** A definition that lacks only its aggregates. */
export const perCity = {
  name: 'per-city',
  from: rides,
  groupBy: ['city'],
  windows: { daily: tumbling('1d') },
} as const;
/** A definition that lacks only its windows. */
export const revenue = { name: 'revenue', from: rides, groupBy: ['city'], aggregates: { total: sum('fare') } } as const;
/** A whole pipeline. */
export const fares = definePipeline({ ...perCity, aggregates: { total: sum('fare') } });

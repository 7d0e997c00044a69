import { count, definePipeline, field, join, mean, topic, tumbling } from '@bifold/core';
import * as z from 'zod';
import { departures } from './delays.ts';

/** An hour at an airport of New York; it holds from its first minute to its last. */
const Weather = z.object({
  at: z.iso.datetime(),
  origin: z.string().length(3),
  wind_mph: z.number().nullable(),
  rain_inches: z.number(),
  visibility_miles: z.number(),
});

export const weather = topic('weather', { schema: Weather, schemaVersion: 1, partitionBy: 'origin', eventTime: 'at' });

/**
 * The departure delays of flights in good and in bad weather, by airport, each day. Each departure
 * is joined with the weather of its hour.
 */
export const weatherDelays = definePipeline({
  name: 'weather-delays',
  from: join({ left: departures, right: weather, as: 'weather', on: { origin: 'origin' }, within: { before: '59m' } }),
  derive: {
    bad: field('weather_visibility_miles').lt(3).or(field('weather_wind_mph').ge(20)),
  },
  groupBy: ['origin', 'bad'],
  windows: { daily: tumbling('1d') },
  aggregates: { flights: count(), meanDelay: mean('dep_delay'), meanRain: mean('weather_rain_inches') },
});

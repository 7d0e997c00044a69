import { dropLate, field } from '@bifold/core';
import { console, defineStream, join, kafka, memory } from '@bifold/streams';
import * as z from 'zod';

const Flight = z.object({
  at: z.iso.datetime(),
  carrier: z.string(),
  flight: z.int(),
  origin: z.string(),
  dep_delay: z.int().nullable(),
});

/** An hour at an airport; it holds from its first minute to its last. */
const Weather = z.object({
  at: z.iso.datetime(),
  origin: z.string(),
  wind_mph: z.number().nullable(),
  rain_inches: z.number(),
  visibility_miles: z.number(),
});

const from = { startingOffsets: 'earliest' } as const;

/**
 * Each departure with the weather of its hour. Departures without a measurement are emitted without
 * weather.
 */
export const flightsInWeather = join({
  left: {
    from: kafka({ topic: 'flights', schema: Flight, maxOffsetsPerTrigger: 2_000, ...from }),
    eventTime: 'at',
    dropLate: dropLate('2h'),
  },
  right: {
    from: kafka({ topic: 'weather', schema: Weather, maxOffsetsPerTrigger: 200, ...from }),
    derive: { bad: field('visibility_miles').lt(3).or(field('wind_mph').ge(20)) },
    eventTime: 'at',
    dropLate: dropLate('2h'),
  },
  as: 'weather',
  type: 'left',
  on: { origin: 'origin' },
  within: { before: '59m' },
});

export default defineStream({
  name: 'flights-weather',
  from: flightsInWeather,
  sinks: [console({ rows: 3 }), memory('flights')],
});

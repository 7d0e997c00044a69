import { count, mean, tumbling } from '@bifold/core';
import { console, defineStream } from '@bifold/streams';
import { flightsInWeather } from './flights-weather.ts';

/**
 * Windows over joined rows. A day is emitted once no more of its rows can come, including rows that
 * wait for their weather.
 */
export default defineStream({
  name: 'flights-weather-by-day',
  from: flightsInWeather,
  groupBy: ['origin'],
  windows: { day: tumbling('1d') },
  aggregates: { flights: count(), inBadWeather: count({ where: 'weather_bad' }), meanDelay: mean('dep_delay') },
  sinks: [console()],
});

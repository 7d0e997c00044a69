import { count, definePipeline, field, lookup, max, running, session, sum, table, tumbling } from '@bifold/core';
import { z } from 'zod';
import { randomOf } from '../../simulation/random.ts';
import type { Case } from '../case.ts';
import { drawEvents, events, linesOf } from '../events.ts';

const places = table('places', {
  schema: z.object({ place: z.string(), rank: z.int().nullable(), height: z.number() }),
  key: 'place',
});
const numbers = table('numbers', { schema: z.object({ number: z.int(), name: z.string() }), key: 'number' });

const PLACES = [
  { place: 'a', rank: 1, height: 1.5 },
  { place: 'b', rank: null, height: 2 },
  { place: 'ä', rank: 3, height: -0.25 },
  { place: 'nowhere', rank: 4, height: 9 },
];
const NUMBERS = [-2, -1, 0, 1, 2].map((number) => ({ number, name: `n${Math.abs(number)}` }));

/** Lookups are Spark's joins of a stream with a static table. */
export function lookupCases(seed: number): readonly Case[] {
  const drawn = (name: string) => {
    const some = drawEvents(randomOf(seed, name), { keys: ['a', 'b', 'c', 'ä', null] });
    return [linesOf(some.map((event) => ({ ...event, n: event.n === null ? null : event.n % 4 })))];
  };
  const aggregates = {
    n_all: count(),
    ranks: sum('place.rank'),
    tallest: max('place.height'),
    known: count({ where: 'known' }),
  } as const;
  return [
    {
      name: 'lookup: a row that is missing is null',
      pipeline: definePipeline({
        name: 'left',
        from: events,
        lookups: { place: lookup(places, { on: 'key', missing: 'null' }) },
        derive: { known: field('place.rank').isNotNull() },
        groupBy: ['key'],
        windows: { w: tumbling('2h') },
        aggregates,
      }),
      batches: drawn('left'),
      lookups: { place: PLACES },
    },
    {
      name: 'lookup: a row that is missing drops the record',
      pipeline: definePipeline({
        name: 'inner',
        from: events,
        lookups: { place: lookup(places, { on: 'key', missing: 'drop' }) },
        derive: { known: field('place.rank').isNotNull() },
        groupBy: ['key'],
        windows: { w: tumbling('2h') },
        aggregates,
      }),
      batches: drawn('inner'),
      lookups: { place: PLACES },
    },
    {
      name: 'lookup: two tables, one by integers, under sessions',
      pipeline: definePipeline({
        name: 'both',
        from: events,
        lookups: {
          place: lookup(places, { on: 'key', missing: 'null' }),
          number: lookup(numbers, { on: 'n', missing: 'drop' }),
        },
        derive: { known: field('place.rank').isNotNull(), kind: field('number.name').eq('n1') },
        groupBy: ['key', 'kind'],
        windows: { w: session('10m') },
        aggregates,
      }),
      batches: drawn('both'),
      lookups: { place: PLACES, number: NUMBERS },
    },
    {
      name: 'lookup: an empty table',
      pipeline: definePipeline({
        name: 'empty',
        from: events,
        lookups: { place: lookup(places, { on: 'key', missing: 'null' }) },
        derive: { known: field('place.rank').isNotNull() },
        groupBy: ['key'],
        windows: { w: running() },
        aggregates,
      }),
      batches: drawn('empty'),
      lookups: { place: [] },
    },
  ];
}

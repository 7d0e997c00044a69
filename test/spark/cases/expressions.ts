import { count, definePipeline, type Expression, field, running, sum, topic, tumbling } from '@bifold/core';
import { z } from 'zod';
import { randomOf } from '../../simulation/random.ts';
import type { Case } from '../case.ts';
import { drawEvents, type Event, events, FIRST_MS, linesOf, MINUTE_MS } from '../events.ts';

/** A row for each outcome of an expression: true, false and null are separate keys. */
function outcomesOf(expression: Expression<boolean | null>) {
  return definePipeline({
    name: 'outcomes',
    from: events,
    derive: { outcome: expression },
    groupBy: ['outcome'],
    windows: { ever: running() },
    aggregates: { n_all: count(), n_true: count({ where: 'outcome' }) },
  });
}

/** Every pair of true, false and null, under two names. */
const PAIRS = [true, false, null].flatMap((flag) =>
  [1, -1, null].map((n): Event => ({ at: FIRST_MS, key: 'a', n, x: 0, flag, word: null })),
);
/** A field whose type the definition checks when it loads. */
const column = (name: string) => field(name);
const flag = column('flag');
const positive = column('n').gt(0);

const EXPRESSIONS: Readonly<Record<string, Expression<boolean | null>>> = {
  'and, of all truths': flag.and(positive),
  'or, of all truths': flag.or(positive),
  'not, and, or, of all truths': flag.not().or(positive.and(flag).not()),
  'equal and not equal, of all truths': flag.eq(positive).or(flag.ne(positive).not()),
  'isNull and isNotNull, of all truths': flag.isNull().and(positive.isNotNull()),
};

const DRAWN: Readonly<Record<string, Expression<boolean | null>>> = {
  'comparing integers with doubles': column('n').lt(column('x')).or(column('n').ge(500.5)),
  'comparing with texts': column('word')
    .eq('a')
    .or(column('word').ne(column('key')).and(column('word').ne(''))),
  'less, at most, at least, more': column('x')
    .le(0)
    .and(column('n').ge(-10))
    .or(column('x').gt(column('n')).not()),
};

const Trip = z.object({
  start: z.iso.datetime({ offset: true }),
  end: z.iso.datetime({ offset: true }).nullable(),
  place: z.string().nullable(),
  floor: z.int().nullable(),
  height: z.number(),
  open: z.boolean().nullable(),
});
const trips = topic('trips', { schema: Trip, schemaVersion: 1, partitionBy: 'place', eventTime: 'start' });

export function expressionCases(seed: number): readonly Case[] {
  const drawn = (name: string, count = 300) => drawEvents(randomOf(seed, name), { count });
  const isoTrips = drawn('trips').map(({ at, key, n, x, flag: open, word }, index) => ({
    start: new Date(at).toISOString(),
    end: n === null ? null : new Date(at + n * MINUTE_MS).toISOString().replace('Z', index % 2 === 0 ? '+00:00' : 'Z'),
    place: word ?? key,
    floor: n === null ? null : n % 3,
    height: x === null ? 0.5 : Math.round(x) / 4,
    open,
  }));
  return [
    ...Object.entries(EXPRESSIONS).map(
      ([name, expression]): Case => ({ name, pipeline: outcomesOf(expression), batches: [linesOf(PAIRS)] }),
    ),
    ...Object.entries(DRAWN).map(
      ([name, expression]): Case => ({ name, pipeline: outcomesOf(expression), batches: [linesOf(drawn(name))] }),
    ),
    {
      name: 'where: null is not true',
      pipeline: definePipeline({
        name: 'kept',
        from: events,
        derive: { large: field('n').gt(0) },
        where: field('large').or(field('flag')),
        groupBy: ['key', 'large'],
        windows: { w: tumbling('1h') },
        aggregates: { n_all: count(), total: sum('n') },
      }),
      batches: [linesOf(drawn('kept'))],
    },
    {
      name: 'keys of every type, nulls among them, and times in ISO 8601',
      pipeline: definePipeline({
        name: 'keyed',
        from: trips,
        derive: { overnight: field('end').gt(field('start')) },
        groupBy: ['place', 'floor', 'open', 'overnight'],
        windows: { w: tumbling('3h') },
        aggregates: { n_all: count() },
      }),
      batches: [linesOf(isoTrips)],
    },
    {
      name: 'keys of doubles and times',
      pipeline: definePipeline({
        name: 'keyed',
        from: trips,
        groupBy: ['height', 'end'],
        windows: { w: tumbling('3h') },
        aggregates: { n_all: count() },
      }),
      batches: [linesOf(isoTrips)],
    },
  ];
}

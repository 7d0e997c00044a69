/**
 * The promises of a definition's types, and code that must not compile. Checked by `npm run
 * typecheck`; nothing here runs.
 */
import {
  coalesce,
  collect,
  concat,
  correlation,
  count,
  definePipeline,
  field,
  first,
  histogram,
  items,
  join,
  last,
  lookup,
  max,
  maxBy,
  mean,
  min,
  minBy,
  type Pipeline,
  split,
  sum,
  table,
  topic,
  topK,
  tumbling,
  union,
  when,
} from '@bifold/core';
import type { airframes, delays } from '@bifold/example-flights';
import { range } from '@bifold/example-range';
import { pipelines } from '@bifold/pipelines';
import { z } from 'zod';

export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
export type Parts<P> =
  P extends Pipeline<infer Key, infer Window, infer Row> ? { key: Key; window: Window; row: Row } : never;
/** Compiles only for `true`. */
export function holds<T extends true>(): T | undefined {
  return undefined;
}

export const Departure = z.object({
  at: z.iso.datetime(),
  since: z.int(),
  carrier: z.string(),
  origin: z.string(),
  tailnum: z.string().nullable(),
  late: z.boolean().nullable(),
  delay: z.number().nullable(),
  note: z.string().optional(),
  price: z.templateLiteral([z.number()]).meta({ format: 'decimal' }).nullable(),
});
export const Plane = z.object({ tailnum: z.string(), seats: z.int().nullable(), old: z.boolean() });
export const options = { schema: Departure, schemaVersion: 1, partitionBy: 'carrier', eventTime: 'at' } as const;
export const departures = topic('departures', options);
export const planes = table('planes', { schema: Plane, key: 'tailnum' });
export const plane = lookup(planes, { on: 'tailnum' });

// The exact types of keys, windows and rows.
export const full = definePipeline({
  name: 'full',
  from: departures,
  lookups: { plane },
  derive: { cancelled: field('delay').isNull(), slow: field('delay').gt(5) },
  groupBy: ['carrier', 'tailnum', 'slow'],
  windows: { hourly: tumbling('1h'), daily: tumbling('1d') },
  aggregates: {
    n: count(),
    gone: count({ where: 'cancelled' }),
    old: count({ where: 'plane.old' }),
    total: sum('delay'),
    least: min('delay'),
    most: max('delay', { where: 'late' }),
    average: mean('plane.seats', { where: 'slow' }),
    together: correlation('delay', 'plane.seats'),
    firstTail: first('tailnum'),
    lastSeats: last('plane.seats', { where: 'late' }),
    slowestTail: maxBy('tailnum', 'delay'),
    often: topK('tailnum', 3),
    spans: histogram('delay', [0, 15, 60]),
    seats: collect('plane.seats', 5),
    paid: sum('price'),
    meanPaid: mean('price', { where: 'late' }),
    prices: collect('price', 3),
    spread: range('delay'),
    seatRange: range('plane.seats', { where: 'late' }),
    everLate: minBy('late', 'since'),
  },
});
holds<
  Equal<
    Parts<typeof full>,
    {
      key: Pick<
        z.infer<typeof Departure> & { cancelled: boolean; slow: boolean | null },
        'carrier' | 'tailnum' | 'slow'
      >;
      window: 'hourly' | 'daily';
      row: {
        n: number;
        gone: number;
        old: number;
        total: number;
        least: number | null;
        most: number | null;
        average: number | null;
        together: number | null;
        firstTail: string | null;
        lastSeats: number | null;
        slowestTail: string | null;
        often: readonly { readonly value: string; readonly count: number }[] | null;
        spans: readonly number[];
        seats: readonly number[] | null;
        paid: `${number}`;
        meanPaid: `${number}` | null;
        prices: readonly `${number}`[] | null;
        spread: number | null;
        seatRange: number | null;
        everLate: boolean | null;
      };
    }
  >
>();
export type Flat<T> = { [K in keyof T]: T[K] };
holds<Equal<Flat<Parts<typeof full>['key']>, { carrier: string; tailnum: string | null; slow: boolean | null }>>();
holds<Equal<Flat<Parts<typeof delays>['key']>, { carrier: string; origin: string }>>();
holds<Equal<Parts<typeof delays>['window'], 'hourly' | 'daily'>>();
holds<Equal<Parts<typeof delays>['row']['maxDelay'], number | null>>();
holds<Equal<Flat<Parts<typeof airframes>['key']>, { tailnum: string | null }>>();
// Every pipeline is assignable to Pipeline, with any row type.
export const any: readonly Pipeline[] = [full, ...pipelines];
// @ts-expect-error the check itself: these are not equal
holds<Equal<{ n: number }, { n: number | null }>>();

// The exact types of derived columns: of fields, of columns derived before, of a lookup, of
// computations.
export const ages = definePipeline({
  name: 'ages',
  from: departures,
  lookups: { plane },
  derive: {
    tail: field('tailnum'),
    again: field('tail'),
    seats: field('plane.seats'),
    speed: field('delay').dividedBy(60).plus(field('since')).round(),
    group: when(field('delay').le(30), 'young').when(field('delay').le(45), 'midage').otherwise('old'),
    maybe: when(field('late'), field('delay')).otherwise(null),
    title: concat(field('carrier'), ' ', field('again')),
    letters: field('title').length(),
    year: field('at').year(),
    any: coalesce(field('tailnum'), field('carrier')),
    listed: field('carrier').isIn(['UA', 'AA']),
  },
  where: field('late').or(field('carrier').startsWith('U')),
  groupBy: ['tail', 'again', 'seats', 'speed', 'group', 'maybe', 'title', 'letters', 'year', 'any', 'listed'],
  windows: { hourly: tumbling('1h') },
  aggregates: { n: count(), length: mean('letters'), seats: sum('plane.seats'), speed: max('speed') },
});
holds<
  Equal<
    Flat<Parts<typeof ages>['key']>,
    {
      tail: string | null;
      again: string | null;
      seats: number | null;
      speed: number | null;
      group: 'young' | 'midage' | 'old';
      maybe: number | null;
      title: string | null;
      letters: number | null;
      year: number | null;
      any: string | null;
      listed: boolean | null;
    }
  >
>();

// A field that a record or a table row may lack is read, and used as a key, like a nullable one.
export const Sparse = z.object({
  at: z.iso.datetime(),
  carrier: z.string(),
  tailnum: z.string().optional(),
  delay: z.number().optional(),
  late: z.boolean().nullish(),
  note: z.string().optional(),
  price: z.templateLiteral([z.number()]).meta({ format: 'decimal' }).optional(),
});
export const SparsePlane = Plane.partial({ seats: true, old: true });
export const sparse = definePipeline({
  name: 'sparse',
  from: topic('sparse', { ...options, schema: Sparse }),
  lookups: { plane: lookup(table('planes', { schema: SparsePlane, key: 'tailnum' }), { on: 'tailnum' }) },
  derive: { again: field('tailnum'), seats: field('plane.seats'), long: field('delay').gt(60) },
  where: field('late'),
  groupBy: ['tailnum', 'again', 'seats'],
  windows: { hourly: tumbling('1h') },
  aggregates: {
    total: sum('delay'),
    paid: sum('price', { where: 'late' }),
    seats: max('plane.seats', { where: 'plane.old' }),
    together: correlation('delay', 'plane.seats', { where: 'long' }),
    slowest: maxBy('note', 'delay'),
    often: topK('note', 3),
    spread: range('delay'),
  },
});
holds<
  Equal<Flat<Parts<typeof sparse>['key']>, { tailnum: string | null; again: string | null; seats: number | null }>
>();
holds<
  Equal<
    Parts<typeof sparse>['row'],
    {
      total: number;
      paid: `${number}`;
      seats: number | null;
      together: number | null;
      slowest: string | null;
      often: readonly { readonly value: string; readonly count: number }[] | null;
      spread: number | null;
    }
  >
>();

// Also null: fields that some of several topics lack, and fields of a missing right event, with
// everything derived from them.
export const Dense = Sparse.required();
export const denses = topic('denses', { ...options, schema: Dense });
export const Exact = z.object({ at: z.iso.datetime(), carrier: z.string(), gate: z.string().exactOptional() });
export const exacts = topic('exacts', { ...options, schema: Exact });
export const windows = { hourly: tumbling('1h') };
export const sparses = topic('sparse', { ...options, schema: Sparse.extend({ tags: z.array(z.string()).optional() }) });
export const either = definePipeline({
  name: 'either',
  from: union([denses, topic('sparse', { ...options, schema: Sparse })]),
  groupBy: ['tailnum'],
  windows,
  aggregates: { total: sum('delay') },
});
holds<Equal<Flat<Parts<typeof either>['key']>, { tailnum: string | null }>>();
export const gated = definePipeline({
  name: 'gated',
  from: join({ left: denses, right: exacts, as: 'at', on: { carrier: 'carrier' }, within: { after: '1h' } }),
  groupBy: ['at_gate'],
  windows,
  aggregates: { last: last('at_gate') },
});
holds<Equal<Flat<Parts<typeof gated>['key']>, { at_gate: string | null }>>();
export const tagged = definePipeline({
  name: 'tagged',
  from: sparses,
  flatMap: { tag: items('tags') },
  groupBy: ['tag'],
  windows,
  aggregates: { total: sum('delay') },
});
// @ts-expect-error when an event happened cannot be missing
topic('x', { ...options, schema: Sparse.partial({ at: true }) });
// @ts-expect-error there is no such field, optional or not
definePipeline({ name: 'x', from: sparses, groupBy: ['carrier'], windows, aggregates: { total: sum('dela') } });
// @ts-expect-error an optional text is no number
definePipeline({ name: 'x', from: sparses, groupBy: ['carrier'], windows, aggregates: { total: sum('note') } });
// Events without a known type have every field.
// biome-ignore lint/suspicious/noExplicitAny: what such a topic's events are
declare const Anything: z.ZodType<any, any>;
export const anything = topic('anything', { ...options, schema: Anything });
export const whatever = definePipeline({
  name: 'whatever',
  from: anything,
  derive: { twice: field('seats').times(2) },
  groupBy: ['carrier'],
  windows,
  aggregates: { total: sum('seats'), more: sum('twice') },
});

// A column of items is one that all after it may read.
export const Post = Departure.extend({
  tags: z.array(z.string()).nullable(),
  sizes: z.array(z.int()),
  stops: z.array(z.object({})),
});
export const posts = topic('posts', { ...options, schema: Post });
export const perPost = {
  name: 'x',
  from: posts,
  windows: { hourly: tumbling('1h') },
  aggregates: { n: count() },
} as const;
export const words = definePipeline({
  ...perPost,
  flatMap: { word: split(field('note').lower(), ' ') },
  derive: { letters: field('word').length() },
  where: field('word').ne('the'),
  groupBy: ['word', 'letters'],
});
holds<Equal<Flat<Parts<typeof words>['key']>, { word: string; letters: number | null }>>();
export const tags = definePipeline({ ...perPost, flatMap: { tag: items('tags') }, groupBy: ['tag'] });
holds<Equal<Flat<Parts<typeof tags>['key']>, { tag: string }>>();
export const sizes = definePipeline({
  ...perPost,
  flatMap: { size: items('sizes') },
  groupBy: ['carrier'],
  aggregates: { s: sum('size') },
});

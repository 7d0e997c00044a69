/**
 * The compile-time types of a stream's rows: joined ones have the columns of both sides, and null
 * if a side may be missing.
 */
import { count, dropDuplicates, dropLate, field, first, sum, tumbling } from '@bifold/core';
import { defineStream, files, foreachBatch, join, union } from '@bifold/streams';
import * as z from 'zod';

const Film = z.object({ id: z.int(), at: z.iso.datetime(), title: z.string() });
const Review = z.object({ film: z.int(), at: z.iso.datetime(), stars: z.int() });
const films = files({ path: 'films', format: 'json', schema: Film });
const reviews = files({ path: 'reviews', format: 'json', schema: Review });

const sides = {
  left: { from: films, eventTime: 'at', dropLate: dropLate('1m') },
  right: { from: reviews, derive: { good: field('stars').ge(4) }, eventTime: 'at', dropLate: dropLate('1m') },
  as: 'review',
  on: { id: 'film' },
  within: { after: '1h' },
} as const;

const common = { name: 'typed' } as const;
defineStream({
  ...common,
  from: join(sides),
  derive: { long: field('review_stars').gt(3) },
  dropDuplicates: dropDuplicates(['id', 'long']),
  sinks: [
    foreachBatch<{
      id: number;
      title: string;
      review_stars: number;
      review_good: boolean | null;
      long: boolean | null;
    }>(() => {}),
  ],
});
defineStream({
  ...common,
  from: join({ ...sides, type: 'left' }),
  sinks: [foreachBatch<{ title: string; review_stars: number | null }>(() => {})],
});
defineStream({
  ...common,
  from: join({ ...sides, type: 'left' }),
  // @ts-expect-error: a film without a review has no stars
  sinks: [foreachBatch<{ review_stars: number }>(() => {})],
});
defineStream({
  ...common,
  from: join({ ...sides, type: 'full' }),
  // @ts-expect-error: a review without a film has no title
  sinks: [foreachBatch<{ title: string }>(() => {})],
});
// @ts-expect-error: reviews have no such column
join({ ...sides, on: { id: 'movie' } });
// @ts-expect-error: a time is a text, or a number with its unit
join({ ...sides, left: { from: films, eventTime: 'id', dropLate: dropLate('1m') } });

defineStream({
  ...common,
  from: join({ left: films, right: reviews, as: 'review', on: { id: 'film' } }),
  sinks: [foreachBatch<{ title: string; review_stars: number }>(() => {})],
});
// @ts-expect-error: reviews have no such column, also where a side is a source alone
join({ left: films, right: reviews, as: 'review', on: { id: 'movie' } });

defineStream({ ...common, from: union([films, films]), sinks: [foreachBatch<{ title: string }>(() => {})] });

// A field that a row may lack is null, and aggregates have the types of their fields.
const Sale = z.object({ at: z.iso.datetime(), shop: z.string().optional(), paid: z.number().optional() });
const sales = files({ path: 'sales', format: 'json', schema: Sale });
defineStream({
  ...common,
  from: sales,
  derive: { dear: field('paid').gt(100) },
  sinks: [foreachBatch<{ shop: string | null; paid: number | null; dear: boolean | null }>(() => {})],
});
const perShop = {
  name: 'typed',
  from: sales,
  eventTime: 'at',
  dropLate: dropLate('1m'),
  groupBy: ['shop'],
  windows: { hourly: tumbling('1h') },
  aggregates: { n: count(), paid: sum('paid'), first: first('paid') },
} as const;
defineStream({
  ...perShop,
  sinks: [
    foreachBatch<{ start: string; shop: string | null; n: number; paid: number; first: number | null }>(() => {}),
  ],
});
defineStream({
  ...perShop,
  // @ts-expect-error: where nothing was paid there is no first payment
  sinks: [foreachBatch<{ first: number }>(() => {})],
});
defineStream({
  ...common,
  from: sales,
  // @ts-expect-error: there is no such column
  dropDuplicates: dropDuplicates(['stop']),
  sinks: [],
});
// @ts-expect-error: films have no such column
join({ ...sides, on: { ident: 'film' } });
// @ts-expect-error: when a row happened cannot be missing
defineStream({ ...common, from: sales, eventTime: 'shop', sinks: [] });
const optionalReviews = files({ path: 'r', format: 'json', schema: Review.partial({ stars: true }) });
defineStream({
  ...common,
  from: join({ ...sides, right: { ...sides.right, from: optionalReviews }, type: 'left' }),
  sinks: [foreachBatch<{ title: string; review_stars: number | null; review_good: boolean | null }>(() => {})],
});

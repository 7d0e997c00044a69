/**
 * The promises of a definition's types, and code that must not compile. Checked by `npm run
 * typecheck`; nothing here runs.
 */
import {
  calendar,
  coalesce,
  collect,
  concat,
  correlation,
  count,
  defineAggregate,
  definePipeline,
  dropDuplicates,
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
  model,
  type Pipeline,
  quantile,
  repartition,
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

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Parts<P> = P extends Pipeline<infer Key, infer Window, infer Row> ? { key: Key; window: Window; row: Row } : never;
/** Compiles only for `true`. */
function holds<T extends true>(): T | undefined {
  return undefined;
}

const Departure = z.object({
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
const Plane = z.object({ tailnum: z.string(), seats: z.int().nullable(), old: z.boolean() });
const options = { schema: Departure, schemaVersion: 1, partitionBy: 'carrier', eventTime: 'at' } as const;
const departures = topic('departures', options);
const planes = table('planes', { schema: Plane, key: 'tailnum' });
const plane = lookup(planes, { on: 'tailnum' });

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
type Flat<T> = { [K in keyof T]: T[K] };
holds<Equal<Flat<Parts<typeof full>['key']>, { carrier: string; tailnum: string | null; slow: boolean | null }>>();
holds<Equal<Flat<Parts<typeof delays>['key']>, { carrier: string; origin: string }>>();
holds<Equal<Parts<typeof delays>['window'], 'hourly' | 'daily'>>();
holds<Equal<Parts<typeof delays>['row']['maxDelay'], number | null>>();
holds<Equal<Flat<Parts<typeof airframes>['key']>, { tailnum: string | null }>>();
// Every pipeline is a pipeline, whatever its rows.
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
const Sparse = z.object({
  at: z.iso.datetime(),
  carrier: z.string(),
  tailnum: z.string().optional(),
  delay: z.number().optional(),
  late: z.boolean().nullish(),
  note: z.string().optional(),
  price: z.templateLiteral([z.number()]).meta({ format: 'decimal' }).optional(),
});
const SparsePlane = Plane.partial({ seats: true, old: true });
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

// So is what some of several topics lack, what a pair's right event lacks, and what is taken from
// it.
const Dense = Sparse.required();
const denses = topic('denses', { ...options, schema: Dense });
const Exact = z.object({ at: z.iso.datetime(), carrier: z.string(), gate: z.string().exactOptional() });
const exacts = topic('exacts', { ...options, schema: Exact });
const windows = { hourly: tumbling('1h') };
const sparses = topic('sparse', { ...options, schema: Sparse.extend({ tags: z.array(z.string()).optional() }) });
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
const anything = topic('anything', { ...options, schema: Anything });
export const whatever = definePipeline({
  name: 'whatever',
  from: anything,
  derive: { twice: field('seats').times(2) },
  groupBy: ['carrier'],
  windows,
  aggregates: { total: sum('seats'), more: sum('twice') },
});

// A column of items is one that all after it may read.
const Post = Departure.extend({
  tags: z.array(z.string()).nullable(),
  sizes: z.array(z.int()),
  stops: z.array(z.object({})),
});
const posts = topic('posts', { ...options, schema: Post });
const perPost = { name: 'x', from: posts, windows: { hourly: tumbling('1h') }, aggregates: { n: count() } } as const;
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

// Event time as a number has its unit.
topic('x', { ...options, eventTime: { field: 'since', unit: 'ms' } });

const base = { name: 'x', from: departures, windows: { hourly: tumbling('1h') } } as const;
const n = count();
// @ts-expect-error duplicates in a field that does not exist
definePipeline({ ...base, groupBy: ['carrier'], aggregates: { n }, dropDuplicates: dropDuplicates(['city']) });
// @ts-expect-error no such field to group by
definePipeline({ ...base, groupBy: ['city'], aggregates: { n } });
// @ts-expect-error one of two fields does not exist
definePipeline({ ...base, groupBy: ['carrier', 'city'], aggregates: { n } });
// @ts-expect-error a lookup is no field to group by
definePipeline({ ...base, lookups: { plane }, groupBy: ['plane'], aggregates: { n } });
// @ts-expect-error a sum over text
definePipeline({ ...base, groupBy: ['carrier'], aggregates: { s: sum('carrier') } });
// @ts-expect-error a mean over a boolean
definePipeline({ ...base, groupBy: ['carrier'], aggregates: { s: mean('late') } });
// @ts-expect-error a correlation with text
definePipeline({ ...base, groupBy: ['carrier'], aggregates: { s: correlation('delay', 'carrier') } });
// @ts-expect-error the last of a field that does not exist
definePipeline({ ...base, groupBy: ['carrier'], aggregates: { s: last('dealy') } });
// @ts-expect-error what is largest by a field that does not exist
definePipeline({ ...base, groupBy: ['carrier'], aggregates: { s: maxBy('tailnum', 'dealy') } });
// @ts-expect-error a quantile of decimals
definePipeline({ ...base, groupBy: ['carrier'], aggregates: { s: quantile('price', 0.5) } });
// @ts-expect-error an aggregate of one's own that takes numbers, of text
definePipeline({ ...base, groupBy: ['carrier'], aggregates: { s: range('carrier') } });
// @ts-expect-error an aggregate of one's own of a field that does not exist
definePipeline({ ...base, groupBy: ['carrier'], aggregates: { s: range('dealy') } });
const own = { name: 'own', version: 1, input: 'numbers', output: 'number', empty: 0 } as const;
// @ts-expect-error a merge that gives something else than a state
defineAggregate({ ...own, lift: (value) => value, merge: () => 'text', present: (state) => state });
// @ts-expect-error text where a number is shown
defineAggregate({ ...own, lift: (value) => value, merge: (left) => left, present: () => 'text' });
// @ts-expect-error a histogram of text
definePipeline({ ...base, groupBy: ['carrier'], aggregates: { s: histogram('carrier', [0, 1]) } });
// @ts-expect-error a histogram without edges
histogram('delay');
// @ts-expect-error the most frequent values, but not how many
topK('carrier');
// @ts-expect-error a number of values that is text
collect('carrier', '5');
// @ts-expect-error what is largest by nothing
maxBy('tailnum');
// @ts-expect-error a misspelt field
definePipeline({ ...base, groupBy: ['carrier'], aggregates: { s: max('dealy') } });
// @ts-expect-error a lookup that does not exist
definePipeline({ ...base, groupBy: ['carrier'], aggregates: { s: sum('plane.seats') } });
// @ts-expect-error a lookup column that does not exist
definePipeline({ ...base, lookups: { plane }, groupBy: ['carrier'], aggregates: { s: sum('plane.wings') } });
// @ts-expect-error a sum over the text of a lookup
definePipeline({ ...base, lookups: { plane }, groupBy: ['carrier'], aggregates: { s: sum('plane.tailnum') } });
// @ts-expect-error a condition that is text
definePipeline({ ...base, groupBy: ['carrier'], aggregates: { n: count({ where: 'carrier' }) } });
// @ts-expect-error a condition that is a number
definePipeline({ ...base, groupBy: ['carrier'], aggregates: { s: sum('delay', { where: 'delay' }) } });
// @ts-expect-error a condition that does not exist
definePipeline({ ...base, groupBy: ['carrier'], aggregates: { n: count({ where: 'canceled' }) } });
// @ts-expect-error a value where an expression belongs
definePipeline({ ...base, derive: { gone: true }, groupBy: ['carrier'], aggregates: { n } });
// @ts-expect-error a duration where a window belongs
definePipeline({ ...base, windows: { hourly: '1h' }, groupBy: ['carrier'], aggregates: { n } });
// @ts-expect-error an aggregate that was not called
definePipeline({ ...base, groupBy: ['carrier'], aggregates: { n: count } });
// @ts-expect-error no aggregates
definePipeline({ ...base, groupBy: ['carrier'] });
// @ts-expect-error no topic
definePipeline({ name: 'x', windows: base.windows, groupBy: ['carrier'], aggregates: { n } });
// @ts-expect-error an option that does not exist
definePipeline({ ...base, groupBy: ['carrier'], aggregates: { n }, sink: 'console' });
// @ts-expect-error a storage option that does not exist
definePipeline({ ...base, groupBy: ['carrier'], aggregates: { n }, storage: { segments: 5 } });
const onTail = lookup(planes, { on: 'tail' });
// @ts-expect-error a lookup on a field that does not exist
definePipeline({ ...base, lookups: { plane: onTail }, groupBy: ['carrier'], aggregates: { n } });
// @ts-expect-error a table without that key
table('planes', { schema: Plane, key: 'tail' });
// @ts-expect-error an unknown treatment of missing rows
lookup(planes, { on: 'tailnum', missing: 'skip' });
// @ts-expect-error event time must be a time
topic('x', { ...options, eventTime: 'delay' });
// @ts-expect-error event time cannot be missing
topic('x', { ...options, eventTime: 'note' });
// @ts-expect-error a number needs its unit
topic('x', { ...options, eventTime: 'since' });
// @ts-expect-error no such unit of time
topic('x', { ...options, eventTime: { field: 'since', unit: 'ns' } });
// @ts-expect-error an epoch that is text
topic('x', { ...options, eventTime: { field: 'carrier', unit: 's' } });
// @ts-expect-error no such field to partition by
topic('x', { ...options, partitionBy: 'city' });
// @ts-expect-error a boolean is no key
topic('x', { ...options, partitionBy: 'late' });
// @ts-expect-error no schemaVersion
topic('x', { schema: Departure, partitionBy: 'carrier', eventTime: 'at' });
// @ts-expect-error a validator that describes no columns
topic('x', { ...options, schema: { parse: () => ({}) } });
// @ts-expect-error no such unit
tumbling('2 min');
// @ts-expect-error no unit
tumbling('60');
// @ts-expect-error no number
tumbling('h');
// @ts-expect-error combining values that are not boolean
field('delay').isNull().and(field('late').eq(true).node);
// @ts-expect-error a comparison with an object
field('delay').gt({});
// @ts-expect-error a plan is read only
full.plan.name = 'other';
// @ts-expect-error all the way down
full.plan.storage.segmentSize = 5;

const keyed = { ...base, groupBy: ['carrier'], aggregates: { n } } as const;
// @ts-expect-error an expression over a field that does not exist
definePipeline({ ...keyed, derive: { gone: field('cancelled').isNull() } });
// @ts-expect-error a condition over a field that does not exist
definePipeline({ ...keyed, where: field('dealy').gt(5) });
// @ts-expect-error an expression over a lookup that does not exist
definePipeline({ ...keyed, derive: { seats: field('plane.seats').plus(1) } });
// @ts-expect-error an expression over a column that a lookup does not have
definePipeline({ ...keyed, lookups: { plane }, derive: { wings: field('plane.wings').plus(1) } });
// @ts-expect-error arithmetic over text
definePipeline({ ...keyed, derive: { sum: field('carrier').plus(1) } });
// @ts-expect-error arithmetic over a truth, as the other operand
definePipeline({ ...keyed, derive: { sum: field('delay').times(field('late')) } });
// @ts-expect-error arithmetic over a text that is derived
definePipeline({ ...keyed, derive: { title: concat(field('carrier'), '!'), sum: field('title').plus(1) } });
// @ts-expect-error a number compared with text
definePipeline({ ...keyed, derive: { late: field('delay').eq('5') } });
// @ts-expect-error the length of a number
definePipeline({ ...keyed, derive: { letters: field('delay').length() } });
// @ts-expect-error the year of a number
definePipeline({ ...keyed, derive: { year: field('since').year() } });
// @ts-expect-error texts among numbers
definePipeline({ ...keyed, derive: { listed: field('delay').isIn(['5']) } });
// @ts-expect-error a sum of text that is derived
definePipeline({ ...keyed, derive: { title: field('carrier').lower() }, aggregates: { s: sum('title') } });
// @ts-expect-error text or number
when(field('late'), 'late').otherwise(5);
// @ts-expect-error a case without a condition
when('late', 1);
// @ts-expect-error arithmetic with a text
field('delay').plus('1');
// @ts-expect-error the root of a text
field('carrier').lower().sqrt();
// @ts-expect-error a text with a number at its end
concat('gate ', 5);
const scored = definePipeline({
  name: 'scored',
  from: departures,
  scores: {
    expected: model('arrival-delay'),
    grade: model('grades', { output: 'text' }),
    sure: model('grades', { output: 'probability', of: 'late' }),
  },
  derive: { wrong: field('delay').minus(field('expected')), sure2: field('sure').gt(0.5) },
  where: field('grade').ne('bad'),
  groupBy: ['carrier', 'grade'],
  windows: { daily: tumbling('1d') },
  aggregates: { expected: mean('expected'), surest: max('sure'), wrong: mean('wrong') },
});
holds<Equal<Parts<typeof scored>['key'], { carrier: string; grade: string | null }>>();
holds<Equal<Parts<typeof scored>['row'], { expected: number | null; surest: number | null; wrong: number | null }>>();
const scoring = { name: 'x', from: departures, groupBy: ['carrier'], windows: { daily: tumbling('1d') } } as const;
const classified = { ...scoring, scores: { grade: model('grades', { output: 'text' }) } } as const;
// @ts-expect-error the mean of a class
definePipeline({ ...classified, aggregates: { m: mean('grade') } });
// @ts-expect-error a score that no model fills
definePipeline({ ...scoring, scores: { expected: model('delays') }, aggregates: { m: mean('expectd') } });
// @ts-expect-error a name where a model belongs
definePipeline({ ...scoring, scores: { expected: 'delays' }, aggregates: { n: count() } });
// @ts-expect-error nothing of that kind is given
model('delays', { output: 'odds' });
// @ts-expect-error an unknown rule for no version
model('delays', { missing: 'drop' });
const graded = {
  ...scoring,
  scores: { grade: model('grades', { output: 'text' }) },
  aggregates: { n: count() },
} as const;
// @ts-expect-error arithmetic over a class
definePipeline({ ...graded, derive: { next: field('grade').plus(1) } });
// @ts-expect-error items of a field that does not exist
definePipeline({ ...perPost, flatMap: { tag: items('tag') }, groupBy: ['carrier'] });
// @ts-expect-error items of a text
definePipeline({ ...perPost, flatMap: { tag: items('note') }, groupBy: ['carrier'] });
// @ts-expect-error items that are objects
definePipeline({ ...perPost, flatMap: { stop: items('stops') }, groupBy: ['carrier'] });
// @ts-expect-error a number that is split
definePipeline({ ...perPost, flatMap: { word: split('delay', ' ') }, groupBy: ['carrier'] });
const sumOfWords = { s: sum('word') };
// @ts-expect-error a sum of words
definePipeline({ ...perPost, flatMap: { word: split('note', ' ') }, groupBy: ['word'], aggregates: sumOfWords });
// @ts-expect-error a column of items that is not there
definePipeline({ ...perPost, flatMap: { word: split('note', ' ') }, groupBy: ['words'] });
calendar('month', { zone: 'Europe/Berlin' });
// @ts-expect-error a calendar has no quarters
calendar('quarter');
// @ts-expect-error a zone is a name
calendar('day', { zone: 60 });
// @ts-expect-error a misspelt option
calendar('day', { timezone: 'Europe/Berlin' });

const Gate = z.object({ at: z.iso.datetime(), airport: z.string(), gate: z.string().nullable(), minutes: z.int() });
const gates = topic('gates', { schema: Gate, schemaVersion: 1, partitionBy: 'airport', eventTime: 'at' });
const atGates = join({ left: departures, right: gates, as: 'at', on: { carrier: 'airport' }, within: { after: '5m' } });
const boarding = definePipeline({
  name: 'boarding',
  from: atGates,
  groupBy: ['carrier', 'at_gate'],
  windows: { hourly: tumbling('1h') },
  aggregates: { minutes: sum('at_minutes') },
});
holds<Equal<Parts<typeof boarding>['key'], { carrier: string; at_gate: string | null }>>();
const boardingOf = {
  name: 'x',
  from: atGates,
  windows: { hourly: tumbling('1h') },
  aggregates: { n: count() },
} as const;
// @ts-expect-error a field of the right side without its name
definePipeline({ ...boardingOf, groupBy: ['gate'] });
// @ts-expect-error a field that the left side does not have
join({ left: departures, right: gates, as: 'at', on: { airport: 'airport' } });
// @ts-expect-error a field that the right side does not have
join({ left: departures, right: gates, as: 'at', on: { carrier: 'carrier' } });
// @ts-expect-error rows without a partner
join({ left: departures, right: gates, as: 'at', on: { carrier: 'airport' }, type: 'left' });
// @ts-expect-error topics of two schemas
union([departures, gates]);
// @ts-expect-error a field that is not there
repartition(gates, { by: 'carrier' });
definePipeline({ ...boardingOf, from: repartition(gates, { by: 'minutes' }), groupBy: ['gate'] });

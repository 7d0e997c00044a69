/**
 * The promises of a definition's types, and code that must not compile. Checked by `npm run
 * typecheck`; nothing here runs.
 */
import {
  calendar,
  collect,
  concat,
  correlation,
  count,
  defineAggregate,
  definePipeline,
  dropDuplicates,
  field,
  histogram,
  items,
  join,
  last,
  lookup,
  max,
  maxBy,
  mean,
  model,
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
import { range } from '@bifold/example-range';
import { z } from 'zod';
import {
  Departure,
  departures,
  type Equal,
  full,
  holds,
  options,
  type Parts,
  Plane,
  perPost,
  plane,
  planes,
} from './definition.ts';

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
// @ts-expect-error groupBy accepts no lookup
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
// @ts-expect-error partitionBy accepts no boolean
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

import {
  all,
  any,
  collect,
  correlation,
  count,
  covariance,
  definePipeline,
  distinct,
  Expression,
  first as earliest,
  field,
  histogram,
  last,
  lookup,
  max,
  maxBy,
  mean,
  min,
  minBy,
  type Pipeline,
  quantile,
  running,
  session,
  sliding,
  stddev,
  sum,
  table,
  topic,
  topK,
  tumbling,
  variance,
} from '@bifold/core';
import type { ExpressionNode, FieldType, ResolveLookup, Value } from '@bifold/core/engine';
import { range } from '@bifold/example-range';
import fc from 'fast-check';
import { z } from 'zod';
import { finiteDouble, safeInteger } from '../numbers.ts';

const Row = z.object({
  at: z.int(),
  city: z.string().nullable(),
  other: z.string().nullable(),
  whole: z.int().nullable(),
  more: z.int().nullable(),
  real: z.number().nullable(),
  flag: z.boolean().nullable(),
  seen: z.iso.datetime().nullable(),
  since: z.iso.datetime().nullable(),
  price: z.templateLiteral([z.number()]).meta({ format: 'decimal' }).nullable(),
});
const Place = z.object({
  code: z.string(),
  rank: z.int().nullable(),
  area: z.number().nullable(),
  open: z.boolean().nullable(),
});
const Machine = z.object({ id: z.int(), grade: z.string().nullable() });
const rows = topic('rows', {
  schema: Row,
  schemaVersion: 1,
  partitionBy: 'city',
  eventTime: { field: 'at', unit: 'ms' },
});
const lookups = {
  place: lookup(table('places', { schema: Place, key: 'code' }), { on: 'city', missing: 'null' }),
  machine: lookup(table('machines', { schema: Machine, key: 'id' }), { on: 'whole', missing: 'drop' }),
};
export const SEGMENT_SIZE = 16;

const texts = fc.constantFrom(
  '',
  'a',
  'A',
  "it's",
  '"',
  'é',
  'e\u0301',
  '\u{1f600}',
  '\uffff',
  'a ',
  '1',
  '%',
  '\\',
  '--',
  'null',
);
const integers = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -3, max: 3 }) },
  { weight: 1, arbitrary: safeInteger },
);
const reals = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -6, max: 6 }).map((halves) => halves / 2 + 0) },
  { weight: 1, arbitrary: finiteDouble },
);
const times = fc.oneof(
  fc.integer({ min: -20, max: 20 }),
  fc.constantFrom(8.64e15, -8.64e15, 59_999, 60_000, -60_000, -60_001),
);
const nullable = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(values, { freq: 4 });

export const record = fc.record({
  at: times,
  city: nullable(texts),
  other: nullable(texts),
  whole: nullable(integers),
  more: nullable(integers),
  real: nullable(reals),
  flag: nullable(fc.boolean()),
  seen: nullable(times),
  since: nullable(times),
  price: nullable(fc.constantFrom('0', '-0.1', '0.1', '0.2', '12.5', `${'9'.repeat(38)}`)),
});
export type Fields = Readonly<Record<string, Value>>;

/** Expressions of boolean type over the fields of each type, literals among them. */
export type Anything = Expression<FieldType<string>>;
const leaf = (kind: 'number' | 'text' | 'time'): fc.Arbitrary<Anything> => {
  const fieldsOf = {
    number: ['whole', 'more', 'real', 'place.rank', 'place.area'],
    text: ['city', 'other', 'machine.grade'],
    time: ['seen', 'since'],
  };
  const read = fc.constantFrom(...fieldsOf[kind]).map((name) => field(name));
  const literal = (value: string | number): Anything => new Expression({ kind: 'literal', value });
  if (kind === 'number')
    return fc.oneof({ weight: 3, arbitrary: read }, { weight: 2, arbitrary: fc.oneof(integers, reals).map(literal) });
  return kind === 'text' ? fc.oneof(read, texts.map(literal)) : read;
};
const compared = fc.oneof(
  ...(['number', 'time'] as const).map((kind) =>
    fc
      .tuple(fc.constantFrom('eq', 'ne', 'lt', 'le', 'gt', 'ge'), leaf(kind), leaf(kind))
      .map(([operator, left, right]) => left[operator as 'eq'](right)),
  ),
  fc
    .tuple(fc.constantFrom('eq', 'ne'), leaf('text'), leaf('text'))
    .map(([operator, left, right]) => left[operator as 'eq'](right)),
);
export const { condition } = fc.letrec<{ condition: Expression<boolean | null> }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<string>('flag', 'place.open').map((name) => new Expression<boolean | null>(field(name).node)),
    compared,
    fc.oneof(leaf('number'), leaf('text'), leaf('time'), tie('condition')).map((operand) => operand.isNull()),
    tie('condition').map((operand) => operand.not()),
    fc.tuple(tie('condition'), tie('condition')).map(([left, right]) => left.and(right)),
    fc.tuple(tie('condition'), tie('condition')).map(([left, right]) => left.or(right)),
    fc
      .tuple(fc.constantFrom('eq', 'ne'), tie('condition'), fc.boolean())
      .map(([operator, left, right]) => left[operator as 'eq'](right)),
  ),
}));

export const readsField = (node: ExpressionNode): boolean => JSON.stringify(node).includes('"kind":"field"');

export function pipelineOf(first: Expression<boolean | null>, second: Expression<boolean | null>): Pipeline {
  return definePipeline({
    name: 'differential',
    from: rows,
    lookups,
    derive: {
      first,
      second: second.or(field('first')),
    },
    where: second.isNull().or(first),
    groupBy: ['other', 'real', 'first'],
    windows: {
      ever: running(),
      hops: sliding('10ms', '25ms', { offset: '4ms' }),
      minutes: tumbling('1m'),
      rests: session('9ms'),
      sevens: tumbling('7ms', { offset: '2ms' }),
      slides: sliding('70ms', '20ms', { offset: '5ms' }),
    },
    aggregates: {
      n: count(),
      seconds: count({ where: 'second' }),
      // Named like the columns they read, as people do.
      whole: sum('whole'),
      more: sum('more', { where: 'second' }),
      least: min('real'),
      greatest: max('whole', { where: 'first' }),
      flag: mean('more'),
      meanSecond: mean('more', { where: 'second' }),
      area: max('place.area'),
      reals: sum('real'),
      realMean: mean('real', { where: 'second' }),
      spread: variance('real'),
      wholeSpread: stddev('whole', { where: 'first' }),
      median: quantile('more', 0.5),
      cities: distinct('city'),
      seenTimes: distinct('seen', { where: 'second' }),
      everOpen: any('place.open'),
      allFirst: all('first'),
      often: topK('other', 2),
      often2: topK('seen', 3, { where: 'second' }),
      spans: histogram('real', [-1, 0, 2.5]),
      firstReals: collect('real', 3, { where: 'first' }),
      priceSum: sum('price'),
      meanPrice: mean('price', { where: 'second' }),
      cheapest: min('price'),
      dearest: max('price', { where: 'first' }),
      prices: topK('price', 2),
      dearestCity: maxBy('city', 'price'),
      wholeRange: range('whole', { where: 'second' }),
      apart: covariance('whole', 'real'),
      together: correlation('more', 'place.area', { where: 'second' }),
      firstCity: earliest('city'),
      lastSeen: last('seen', { where: 'second' }),
      openAtLeast: minBy('place.open', 'real'),
      realAtMost: maxBy('real', 'other', { where: 'first' }),
    },
    storage: { segmentSize: SEGMENT_SIZE },
  }) as Pipeline;
}

/** Versions of the lookup tables: `places` has two, bound by turns. */
export const PLACES: Readonly<Record<string, Readonly<Record<string, Fields>>>> = {
  v1: {
    a: { code: 'a', rank: 1, area: 0.5, open: true },
    "it's": { code: "it's", rank: null, area: null, open: null },
  },
  v2: { a: { code: 'a', rank: 2, area: -1e300, open: false }, '': { code: '', rank: -1, area: 2, open: true } },
};
export const MACHINES: Readonly<Record<string, Fields>> = Object.fromEntries(
  [-3, -2, -1, 0, 1, 2, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER].map((id) => [
    String(id),
    { id, grade: id % 2 === 0 ? null : 'a' },
  ]),
);
export const placesVersion = (offset: number): string => (Math.floor(offset / SEGMENT_SIZE) % 2 === 0 ? 'v1' : 'v2');
export const resolverAt =
  (plan: Pipeline['plan'], offset: number): ResolveLookup =>
  (position, key) =>
    (plan.lookups[position]?.name === 'place' ? PLACES[placesVersion(offset)] : MACHINES)?.[key] ?? null;

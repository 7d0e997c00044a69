import {
  type Aggregate,
  all,
  any,
  calendar,
  coalesce,
  collect,
  concat,
  correlation,
  count,
  covariance,
  definePipeline,
  distinct,
  dropDuplicates,
  dropLate,
  field,
  first,
  histogram,
  items,
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
  split,
  stddev,
  sum,
  table,
  topic,
  topK,
  tumbling,
  variance,
  type Window,
  when,
} from '@bifold/core';
import { type Duplicates, type Lateness, type SegmentSize, type Value, versionOf } from '@bifold/core/engine';
import { range } from '@bifold/example-range';
import fc from 'fast-check';
import { z } from 'zod';
import { value } from './random-records.ts';

/**
 * Random pipelines and logs: everything that a definition allows, over everything that a topic can
 * contain.
 */

export const TABLES = { places: 'places', machines: 'machines' } as const;
type Row = Readonly<Record<string, Value>>;

/** Versions of the lookup tables. */
export const LOOKUP_VERSIONS: readonly Readonly<Record<string, ReadonlyMap<string, Row>>>[] = [
  {
    places: new Map<string, Row>([
      ['rome', { code: 'rome', rank: 1, area: 0.5, open: true }],
      ['', { code: '', rank: null, area: -1e300, open: null }],
    ]),
    machines: new Map<string, Row>([-1, 0, 1, 2].map((id) => [String(id), { id, grade: id % 2 === 0 ? null : 'a' }])),
  },
  {
    places: new Map<string, Row>([
      ['rome', { code: 'rome', rank: 2, area: 0.1, open: false }],
      ['z\u{1f600}', { code: 'z\u{1f600}', rank: -3, area: null, open: true }],
    ]),
    machines: new Map<string, Row>([1, 2, 3].map((id) => [String(id), { id, grade: 'b' }])),
  },
];

const decimal = z.templateLiteral([z.number()]).meta({ format: 'decimal' });
const Event = z.object({
  at: z.int(),
  city: z.string().nullable(),
  text: z.string().nullable(),
  whole: z.int().nullable(),
  real: z.number().nullable(),
  flag: z.boolean().nullable(),
  seen: z.iso.datetime().nullable(),
  price: decimal.nullable(),
  tags: z.array(z.string()).nullable(),
});
const Place = z.object({
  code: z.string(),
  rank: z.int().nullable(),
  area: z.number().nullable(),
  open: z.boolean().nullable(),
});
const Machine = z.object({ id: z.int(), grade: z.string().nullable() });
const events = topic('events', {
  schema: Event,
  schemaVersion: 1,
  partitionBy: 'city',
  eventTime: { field: 'at', unit: 'ms' },
});

const DERIVED = {
  dear: field('real').gt(0.5),
  odd: field('whole').modulo(2).eq(1),
  twice: field('whole').times(2).plus(1),
  share: field('real').dividedBy(field('whole')),
  band: when(field('whole').lt(0), 'low').when(field('whole').lt(2), 'middle').otherwise('high'),
  name: concat(coalesce(field('city'), 'nowhere'), '/', coalesce(field('text'), '')),
  hour: field('seen').hour(),
} as const;
const CONDITIONS = {
  flagged: field('flag').eq(true),
  positive: field('real').ge(0).or(field('real').isNull()),
  known: field('city').isNotNull(),
  near: field('whole').isIn([-1, 0, 1, 2]),
} as const;

/** The choices of a definition. */
export interface Choices {
  readonly flatMap: 'word' | 'tag' | null;
  readonly place: 'null' | 'drop' | null;
  readonly machine: 'null' | 'drop' | null;
  readonly derive: readonly (keyof typeof DERIVED)[];
  readonly late: Lateness | null;
  readonly duplicates: Duplicates<string> | null;
  readonly where: keyof typeof CONDITIONS | null;
  readonly groupBy: readonly string[];
  readonly windows: readonly Window[];
  readonly aggregates: readonly AggregateChoice[];
  readonly segmentSize: SegmentSize;
  readonly buckets: number;
}
interface AggregateChoice {
  readonly kind: keyof typeof AGGREGATES;
  readonly field: number;
  readonly second: number;
  readonly where: number | null;
}

type Any = Aggregate<never, unknown>;
type Build = (field: string, second: string, where: { readonly where: string } | undefined) => Any;
const plain =
  (make: (field: string, options?: { readonly where: string }) => unknown): Build =>
  (name, _, where) =>
    (where === undefined ? make(name) : make(name, where)) as Any;
const paired =
  (make: (field: string, second: string, options?: { readonly where: string }) => unknown): Build =>
  (name, second, where) =>
    (where === undefined ? make(name, second) : make(name, second, where)) as Any;
const withParameter =
  <P>(
    make: (field: string, parameter: P, options?: { readonly where: string }) => unknown,
    ...parameters: readonly P[]
  ): Build =>
  (name, second, where) => {
    const parameter = parameters[second.length % parameters.length] as P;
    return (where === undefined ? make(name, parameter) : make(name, parameter, where)) as Any;
  };

/** Every kind, and what it takes: numbers, decimals too, booleans, or any scalar. */
const AGGREGATES = {
  count: { takes: 'nothing', build: ((_, __, where) => (where === undefined ? count() : count(where))) as Build },
  sum: { takes: 'exact', build: plain(sum as never) },
  min: { takes: 'exact', build: plain(min as never) },
  max: { takes: 'exact', build: plain(max as never) },
  mean: { takes: 'exact', build: plain(mean as never) },
  variance: { takes: 'numbers', build: plain(variance as never) },
  stddev: { takes: 'numbers', build: plain(stddev as never) },
  quantile: { takes: 'numbers', build: withParameter<number>(quantile as never, 0, 0.5, 0.95) },
  distinct: { takes: 'scalars', build: plain(distinct as never) },
  any: { takes: 'booleans', build: ((name) => any(name)) as Build },
  all: { takes: 'booleans', build: ((name) => all(name)) as Build },
  covariance: { takes: 'numbers', second: 'numbers', build: paired(covariance as never) },
  correlation: { takes: 'numbers', second: 'numbers', build: paired(correlation as never) },
  first: { takes: 'scalars', build: plain(first as never) },
  last: { takes: 'scalars', build: plain(last as never) },
  minBy: { takes: 'scalars', second: 'scalars', build: paired(minBy as never) },
  maxBy: { takes: 'scalars', second: 'scalars', build: paired(maxBy as never) },
  topK: { takes: 'scalars', build: withParameter<number>(topK as never, 1, 2, 10) },
  histogram: { takes: 'numbers', build: withParameter<readonly number[]>(histogram as never, [0], [-1, 0.5, 1e16]) },
  collect: { takes: 'scalars', build: withParameter<number>(collect as never, 1, 3, 20) },
  custom: { takes: 'numbers', build: plain(range as never) },
} as const satisfies Record<string, { takes: Taken; second?: Taken; build: Build }>;
type Taken = 'nothing' | 'exact' | 'numbers' | 'booleans' | 'scalars';

/** Kinds of aggregates that random pipelines have. */
export const RANDOM_KINDS: readonly string[] = Object.keys(AGGREGATES);

interface FieldsByType {
  readonly numbers: readonly string[];
  readonly booleans: readonly string[];
  readonly others: readonly string[];
}

function fieldsOf({ flatMap, place, machine, derive }: Choices): FieldsByType {
  const derived = (...names: readonly (keyof typeof DERIVED)[]): readonly string[] =>
    names.filter((name) => derive.includes(name));
  return {
    numbers: ['whole', 'real', ...derived('twice', 'share', 'hour'), ...(place ? ['place.rank', 'place.area'] : [])],
    booleans: ['flag', ...derived('dear', 'odd'), ...(place ? ['place.open'] : [])],
    others: [
      'city',
      'text',
      'seen',
      ...derived('band', 'name'),
      ...(machine ? ['machine.grade'] : []),
      ...(flatMap === null ? [] : [flatMap]),
    ],
  };
}

function taken(takes: Taken, { numbers, booleans, others }: FieldsByType): readonly string[] {
  switch (takes) {
    case 'nothing':
      return [''];
    case 'numbers':
      return numbers;
    case 'exact':
      return [...numbers, 'price'];
    case 'booleans':
      return booleans;
    case 'scalars':
      return [...numbers, ...booleans, ...others, 'price'];
  }
}

const at = (names: readonly string[], index: number): string => names[index % names.length] as string;

/**
 * The pipeline that was chosen, with segments smaller than a definition may ask for: so a short log
 * has many.
 */
export function pipelineOf(choices: Choices): Pipeline {
  const { flatMap, place, machine, derive, late, duplicates, where, windows, segmentSize, buckets } = choices;
  const fields = fieldsOf(choices);
  const keys = [...fields.numbers, ...fields.booleans, ...fields.others, 'price'].filter((name) => !name.includes('.'));
  const chosen = choices.groupBy.filter((name) => keys.includes(name));
  const pipeline = definePipeline({
    name: 'random',
    from: events,
    ...(flatMap === null
      ? {}
      : { flatMap: flatMap === 'word' ? { word: split('text', ' ') } : { tag: items('tags') } }),
    lookups: {
      ...(place && {
        place: lookup(table(TABLES.places, { schema: Place, key: 'code' }), { on: 'city', missing: place }),
      }),
      ...(machine && {
        machine: lookup(table(TABLES.machines, { schema: Machine, key: 'id' }), { on: 'whole', missing: machine }),
      }),
    },
    derive: Object.fromEntries(derive.map((name) => [name, DERIVED[name]])),
    ...(late === null ? {} : { dropLate: late }),
    ...(duplicates === null ? {} : { dropDuplicates: duplicates }),
    ...(where === null ? {} : { where: CONDITIONS[where] }),
    groupBy: chosen.length > 0 ? chosen : ['city'],
    windows: Object.fromEntries(windows.map((window, index) => [`w${index}`, window])),
    aggregates: Object.fromEntries(
      choices.aggregates.map(({ kind, field: index, second, where: condition }, position) => {
        const { takes, build, ...more } = AGGREGATES[kind];
        const other = 'second' in more ? taken(more.second, fields) : ['a', 'bb', 'ccc'];
        const filter = condition === null ? undefined : { where: at(fields.booleans, condition) };
        return [`${kind}_${position}`, build(at(taken(takes, fields), index), at(other, second), filter)];
      }),
    ),
  } as never) as Pipeline;
  const { version: _, ...plan } = { ...pipeline.plan, storage: { segmentSize, buckets } };
  return { ...pipeline, plan: { ...plan, version: versionOf(plan) } };
}

const duration = (most: number): fc.Arbitrary<`${number}ms`> =>
  fc.integer({ min: 1, max: most }).map((length): `${number}ms` => `${length}ms`);
const window: fc.Arbitrary<Window> = fc.oneof(
  fc.tuple(duration(60), fc.nat(70)).map(([size, offset]) => {
    const before = offset % Number.parseInt(size, 10);
    return tumbling(size, before === 0 ? {} : { offset: `${before}ms` });
  }),
  fc.tuple(duration(80), duration(40)).map(([size, slide]) => sliding(size, slide)),
  duration(30).map((gap) => session(gap)),
  fc.constant(running()),
  fc.constantFrom(
    calendar('day', { zone: 'Europe/Berlin' }),
    calendar('week', { zone: 'America/New_York' }),
    calendar('month'),
    calendar('year', { zone: 'Asia/Kathmandu' }),
  ),
);
const maybe = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(values, { freq: 3 });
const missing = fc.constantFrom('null' as const, 'drop' as const);
const kinds = Object.keys(AGGREGATES) as (keyof typeof AGGREGATES)[];
const choices: fc.Arbitrary<Choices> = fc.record({
  flatMap: fc.option(fc.constantFrom('word' as const, 'tag' as const), { freq: 2 }),
  place: maybe(missing),
  machine: fc.option(missing, { freq: 2 }),
  derive: fc.subarray(Object.keys(DERIVED) as (keyof typeof DERIVED)[]),
  late: fc.option(
    fc
      .tuple(fc.constantFrom('5ms' as const, '40ms' as const), fc.constantFrom('20ms' as const, '1h' as const))
      .map(([after, maxClockSkew]) => dropLate(after, { maxClockSkew })),
    { freq: 3 },
  ),
  duplicates: fc.option(
    fc
      .tuple(fc.subarray(['at', 'whole', 'real', 'text', 'price']), fc.constantFrom(null, '5ms', '40ms'))
      .map(([fields, within]) => dropDuplicates(['city', ...fields], within === null ? {} : { within })),
    { freq: 2 },
  ),
  where: fc.option(fc.constantFrom(...(Object.keys(CONDITIONS) as (keyof typeof CONDITIONS)[])), { freq: 2 }),
  groupBy: fc.subarray(['city', 'whole', 'real', 'flag', 'seen', 'price', 'band', 'dear', 'name', 'word', 'tag'], {
    minLength: 1,
    maxLength: 2,
  }),
  windows: fc.array(window, { minLength: 1, maxLength: 3 }),
  aggregates: fc.array(
    fc.record({
      kind: fc.constantFrom(...kinds),
      field: fc.nat(20),
      second: fc.nat(20),
      where: fc.option(fc.nat(5), { freq: 2 }),
    }),
    { minLength: 1, maxLength: 8 },
  ),
  segmentSize: fc.oneof(
    fc.integer({ min: 1, max: 12 }),
    fc
      .tuple(fc.constantFrom(1, 2), fc.constantFrom(2, 4, 8), fc.constantFrom(1, 2, 3))
      .map(([least, times, share]) => ({ least, most: least * times, share })),
  ),
  buckets: fc.integer({ min: 1, max: 3 }),
});

/** A pipeline, a log, and how it is delivered. */
export interface RandomCase {
  readonly choices: Choices;
  /** Different records. The log repeats some of them. */
  readonly values: readonly (string | null)[];
  /** The value at each offset of a partition; null is a hole. */
  readonly log: readonly (readonly (number | null)[])[];
  /**
   * All that is left to chance on the way: batches, redelivery, cold starts, when the batch layer
   * runs.
   */
  readonly seed: number;
}

export const randomCase: fc.Arbitrary<RandomCase> = fc
  .record({
    choices,
    values: fc.array(value, { minLength: 1, maxLength: 24, size: 'max' }),
    log: fc.array(fc.array(fc.option(fc.nat(1000), { freq: 12 }), { maxLength: 40, size: 'max' }), {
      minLength: 1,
      maxLength: 3,
    }),
    seed: fc.nat(),
  })
  .map((each) => ({
    ...each,
    log: each.log.map((slots) => slots.map((slot) => (slot === null ? null : slot % each.values.length))),
  }));

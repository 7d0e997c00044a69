import { readdirSync, readFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
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
  dropLate,
  Expression,
  field,
  histogram,
  items,
  join,
  last,
  lookup,
  max,
  maxBy,
  mean,
  min,
  model,
  repartition,
  sliding,
  split,
  sum,
  table,
  topic,
  topK,
  tumbling,
  union,
  variance,
  when,
} from '@bifold/core';
import { type AnyExpression, DefinitionError, durationMs, type Plan } from '@bifold/core/engine';
import { airlines, departures, pipelines } from '@bifold/pipelines';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { schemaOf } from './standard-schema.ts';

const Ride = z.object({
  at: z.iso.datetime(),
  since: z.int(),
  city: z.string(),
  fare: z.number().nullable(),
  seats: z.int(),
  night: z.boolean(),
  tags: z.array(z.string()),
});
const decimal = z.string().meta({ format: 'decimal' });
const Priced = Ride.extend({ price: decimal, paid: decimal.nullable() });
const City = z.object({ city: z.string(), rank: z.int(), notes: z.array(z.string()) });
const cities = table('cities', { schema: City, key: 'city' });
const rides = topic('rides', { schema: Ride, schemaVersion: 1, partitionBy: 'city', eventTime: 'at' });
const base = {
  name: 'base',
  from: rides,
  groupBy: ['city'],
  windows: { hourly: tumbling('1h') },
  aggregates: { n: count() },
} as const;
const topicOptions = { schema: Ride, schemaVersion: 1, partitionBy: 'city', eventTime: 'at' } as const;

/** A definition as a person without types, or a JSON file, would give it. */
const define = (change: object): unknown => definePipeline({ ...base, ...change } as never);
const defineTopic = (change: object, others: object = {}): unknown =>
  define({ from: topic('rides', { ...topicOptions, ...change } as never), ...others });
const from = (change: object): object => ({ from: topic('rides', { ...topicOptions, ...change } as never) });
const Tour = z.object({ at: z.iso.datetime(), town: z.string().nullable(), guests: z.int(), fare_paid: z.number() });
const tours = topic('tours', { schema: Tour, schemaVersion: 1, partitionBy: 'town', eventTime: 'at' });
const joined = { left: rides, right: tours, as: 'tour', on: { city: 'town' } } as const;
/** A join as a person without types would write it. */
const defineJoin = (change: object, others: object = {}): unknown =>
  define({ from: join({ ...joined, ...change } as never), ...others });
const literal = (value: unknown): Expression<unknown> => new Expression({ kind: 'literal', value } as never);

/** An expression of so many levels, and one of so many parts on few. */
const deep = (levels: number): Expression<unknown> =>
  Array.from({ length: levels - 1 }).reduce<Expression<number | null>>(
    (inner) => inner.plus(1),
    new Expression(field('seats').node),
  );
const wide = (parts: number): Expression<boolean> =>
  new Expression({ kind: 'isNull', operand: { kind: 'coalesce', operands: Array(parts).fill(field('seats').node) } });

const LEAST = {
  name: 'least',
  version: 1,
  input: 'numbers',
  output: 'number',
  empty: 1e300 as number,
  lift: (value: number) => value,
  merge: Math.min,
  present: (state: number) => state,
} as const;

/** Each refusal: its code, what it must name, and what it must say is allowed. */
const REFUSALS: readonly { code: string; what: string; names: string; allowed: string; make: () => unknown }[] = [
  {
    code: 'BIFOLD_BAD_NAME',
    what: 'no name',
    names: 'pipeline',
    allowed: 'a letter',
    make: () => define({ name: undefined }),
  },
  {
    code: 'BIFOLD_BAD_NAME',
    what: 'a name with a blank',
    names: '"my view"',
    allowed: 'dashes',
    make: () => define({ name: 'my view' }),
  },
  {
    code: 'BIFOLD_BAD_NAME',
    what: 'a name that is too long',
    names: 'pipeline',
    allowed: 'at most 63',
    make: () => define({ name: 'x'.repeat(64) }),
  },
  {
    code: 'BIFOLD_BAD_NAME',
    what: 'a topic with a slash',
    names: '"a/b"',
    allowed: 'dashes',
    make: () => topic('a/b', topicOptions),
  },
  {
    code: 'BIFOLD_BAD_NAME',
    what: 'a table with a slash',
    names: '"a/b"',
    allowed: 'dashes',
    make: () => table('a/b', { schema: City, key: 'city' }),
  },
  {
    code: 'BIFOLD_BAD_NAME',
    what: 'a window with a dash',
    names: '"per-hour"',
    allowed: 'underscores',
    make: () => define({ windows: { 'per-hour': tumbling('1h') } }),
  },
  {
    code: 'BIFOLD_BAD_NAME',
    what: 'an aggregate of the platform',
    names: '"_start"',
    allowed: 'a letter',
    make: () => define({ aggregates: { _start: count() } }),
  },
  {
    code: 'BIFOLD_BAD_NAME',
    what: 'a derived column in quotes',
    names: 'derived column',
    allowed: 'underscores',
    make: () => define({ derive: { 'a"': field('fare').isNull() } }),
  },
  {
    code: 'BIFOLD_BAD_NAME',
    what: 'a lookup with a dot',
    names: '"a.b"',
    allowed: 'underscores',
    make: () => define({ lookups: { 'a.b': lookup(cities, { on: 'city' }) } }),
  },
  {
    code: 'BIFOLD_BAD_NAME',
    what: 'a field of the schema',
    names: '"two words"',
    allowed: 'underscores',
    make: () => defineTopic({ schema: Ride.extend({ 'two words': z.string() }) }),
  },
  {
    code: 'BIFOLD_UNKNOWN_OPTION',
    what: 'a misspelt option',
    names: '"window"',
    allowed: 'windows',
    make: () => define({ window: {} }),
  },
  {
    code: 'BIFOLD_UNKNOWN_OPTION',
    what: 'a misspelt option of a topic',
    names: '"partitions"',
    allowed: 'partitionBy',
    make: () => defineTopic({ partitions: 3 }),
  },
  {
    code: 'BIFOLD_UNKNOWN_OPTION',
    what: 'a misspelt option of a lookup table',
    names: '"keys"',
    allowed: 'schema, key',
    make: () => table('cities', { schema: City, key: 'city', keys: [] } as never),
  },
  {
    code: 'BIFOLD_UNKNOWN_OPTION',
    what: 'a misspelt option of a lookup',
    names: '"mising"',
    allowed: 'on, missing',
    make: () => lookup(cities, { on: 'city', mising: 'drop' } as never),
  },
  {
    code: 'BIFOLD_UNKNOWN_OPTION',
    what: 'a misspelt option of a window',
    names: 'a tumbling window has an option that does not exist "ofset"',
    allowed: 'offset',
    make: () => tumbling('1h', { ofset: '1m' } as never),
  },
  {
    code: 'BIFOLD_UNKNOWN_OPTION',
    what: 'a misspelt option of a sliding window',
    names: 'a sliding window has an option that does not exist "ofset"',
    allowed: 'offset',
    make: () => sliding('1h', '10m', { ofset: '1m' } as never),
  },
  {
    code: 'BIFOLD_UNKNOWN_OPTION',
    what: 'a misspelt option of a calendar window',
    names: 'a calendar window has an option that does not exist "zome"',
    allowed: 'zone',
    make: () => calendar('day', { zome: 'UTC' } as never),
  },
  {
    code: 'BIFOLD_UNKNOWN_OPTION',
    what: 'a misspelt option of lateness',
    names: '"skeww"',
    allowed: 'skew',
    make: () => dropLate('2h', { skeww: '1d' } as never),
  },
  {
    code: 'BIFOLD_UNKNOWN_OPTION',
    what: 'a misspelt option of an aggregate',
    names: '"wher"',
    allowed: 'where',
    make: () => sum('fare', { wher: 'late' } as never),
  },
  {
    code: 'BIFOLD_UNKNOWN_OPTION',
    what: 'a misspelt option of a count',
    names: '"wher"',
    allowed: 'where',
    make: () => count({ wher: 'late' } as never),
  },
  {
    code: 'BIFOLD_UNKNOWN_OPTION',
    what: 'a misspelt storage option',
    names: '"segmentsize"',
    allowed: 'segmentSize, buckets',
    make: () => define({ storage: { segmentsize: 64 } }),
  },
  {
    code: 'BIFOLD_NO_TOPIC',
    what: 'no topic',
    names: 'from',
    allowed: 'topic(...)',
    make: () => define({ from: undefined }),
  },
  {
    code: 'BIFOLD_SCHEMA_NOT_STANDARD',
    what: 'no schema',
    names: 'rides',
    allowed: 'Standard Schema',
    make: () => defineTopic({ schema: undefined }),
  },
  {
    code: 'BIFOLD_SCHEMA_NOT_STANDARD',
    what: 'a class as schema',
    names: 'rides',
    allowed: 'zod',
    make: () => defineTopic({ schema: { parse: () => 1 } }),
  },
  {
    code: 'BIFOLD_SCHEMA_NOT_DESCRIBABLE',
    what: 'a schema of dates',
    names: 'rides',
    allowed: 'date-time texts',
    make: () => defineTopic({ schema: Ride.extend({ at: z.date() }) }),
  },
  {
    code: 'BIFOLD_SCHEMA_NOT_OBJECT',
    what: 'a schema of text',
    names: '"string"',
    allowed: 'an object',
    make: () => defineTopic({ schema: z.string() }),
  },
  {
    code: 'BIFOLD_BAD_SCHEMA_VERSION',
    what: 'no schemaVersion',
    names: 'schemaVersion',
    allowed: 'from 1',
    make: () => defineTopic({ schemaVersion: undefined }),
  },
  {
    code: 'BIFOLD_BAD_SCHEMA_VERSION',
    what: 'schemaVersion 0',
    names: '"rides"',
    allowed: 'from 1',
    make: () => defineTopic({ schemaVersion: 0 }),
  },
  {
    code: 'BIFOLD_BAD_EVENT_TIME',
    what: 'an event time that is a number without unit',
    names: '"since"',
    allowed: '{ field, unit }',
    make: () => defineTopic({ eventTime: 'since' }),
  },
  {
    code: 'BIFOLD_BAD_EVENT_TIME',
    what: 'a unit for a text',
    names: '"at"',
    allowed: 'date-time',
    make: () => defineTopic({ eventTime: { field: 'at', unit: 's' } }),
  },
  {
    code: 'BIFOLD_BAD_EVENT_TIME',
    what: 'a fraction as event time',
    names: '"fare"',
    allowed: 'integer',
    make: () => defineTopic({ eventTime: { field: 'fare', unit: 's' } }),
  },
  {
    code: 'BIFOLD_BAD_EVENT_TIME',
    what: 'an unknown unit',
    names: 'ns',
    allowed: 's, ms, us',
    make: () => defineTopic({ eventTime: { field: 'since', unit: 'ns' } }),
  },
  {
    code: 'BIFOLD_UNKNOWN_FIELD',
    what: 'no event time',
    names: 'eventTime',
    allowed: 'since',
    make: () => defineTopic({ eventTime: undefined }),
  },
  {
    code: 'BIFOLD_UNKNOWN_FIELD',
    what: 'a misspelt event time',
    names: '"when"',
    allowed: 'at, city',
    make: () => defineTopic({ eventTime: 'when' }),
  },
  {
    code: 'BIFOLD_UNKNOWN_FIELD',
    what: 'no partition key',
    names: 'partitionBy',
    allowed: 'city',
    make: () => defineTopic({ partitionBy: undefined }),
  },
  {
    code: 'BIFOLD_UNKNOWN_FIELD',
    what: 'a misspelt key',
    names: '"town"',
    allowed: 'city',
    make: () => define({ groupBy: ['town'] }),
  },
  {
    code: 'BIFOLD_UNKNOWN_FIELD',
    what: 'a misspelt aggregate field',
    names: '"fair"',
    allowed: 'fare',
    make: () => define({ aggregates: { total: sum('fair') } }),
  },
  {
    code: 'BIFOLD_UNKNOWN_FIELD',
    what: 'a misspelt condition',
    names: 'aggregates.n.where',
    allowed: 'night',
    make: () => define({ aggregates: { n: count({ where: 'nite' }) } }),
  },
  {
    code: 'BIFOLD_UNKNOWN_FIELD',
    what: 'a lookup column that is not there',
    names: '"place.wings"',
    allowed: 'place.rank',
    make: () => define({ lookups: { place: lookup(cities, { on: 'city' }) }, aggregates: { n: sum('place.wings') } }),
  },
  {
    code: 'BIFOLD_UNKNOWN_FIELD',
    what: 'a lookup on a field that is not there',
    names: 'lookups.place.on',
    allowed: 'city',
    make: () => define({ lookups: { place: lookup(cities, { on: 'town' }) } }),
  },
  {
    code: 'BIFOLD_UNKNOWN_FIELD',
    what: 'a column derived from one derived later',
    names: 'derive.a',
    allowed: 'fare',
    make: () => define({ derive: { a: field('b').isNull(), b: field('fare').isNull() } }),
  },
  {
    code: 'BIFOLD_BAD_PARTITION_KEY',
    what: 'a truth as partition key',
    names: '"night"',
    allowed: 'text or integer',
    make: () => defineTopic({ partitionBy: 'night' }),
  },
  {
    code: 'BIFOLD_BAD_PARTITION_KEY',
    what: 'a log that is placed by a list',
    names: '"tags"',
    allowed: 'text, number, boolean',
    make: () => define({ from: repartition(rides, { by: 'tags' }) }),
  },
  {
    code: 'BIFOLD_UNKNOWN_FIELD',
    what: 'a log that is placed by nothing',
    names: '"town"',
    allowed: 'city',
    make: () => define({ from: repartition(rides, { by: 'town' as never }) }),
  },
  {
    code: 'BIFOLD_NO_TOPIC',
    what: 'a union of nothing',
    names: 'union',
    allowed: 'topic(...)',
    make: () => define({ from: union([]) }),
  },
  {
    code: 'BIFOLD_NO_TOPIC',
    what: 'a join without a right side',
    names: 'join',
    allowed: 'topic(...)',
    make: () => defineJoin({ right: undefined }),
  },
  {
    code: 'BIFOLD_BAD_UNION',
    what: 'a union of two schemas',
    names: '"rides" and "tours"',
    allowed: 'one schema',
    make: () => define({ from: union([rides, tours] as never) }),
  },
  {
    code: 'BIFOLD_TOPIC_TWICE',
    what: 'a topic that is joined with itself',
    names: 'rides, rides',
    allowed: 'each topic once',
    make: () => defineJoin({ right: rides, on: { city: 'city' } }),
  },
  {
    code: 'BIFOLD_BAD_PARTITIONS',
    what: 'a log without partitions',
    names: '0',
    allowed: 'from 1 to 1000',
    make: () => define({ from: union([rides], { partitions: 0 }) }),
  },
  {
    code: 'BIFOLD_UNKNOWN_OPTION',
    what: 'an option that a union does not have',
    names: '"by"',
    allowed: 'partitions',
    make: () => define({ from: union([rides], { by: 'city' } as never) }),
  },
  {
    code: 'BIFOLD_UNKNOWN_OPTION',
    what: 'an option that a join does not have',
    names: '"watermark"',
    allowed: 'within',
    make: () => defineJoin({ watermark: '1h' }),
  },
  {
    code: 'BIFOLD_BAD_JOIN',
    what: 'a left join, which would have to take back what it said',
    names: 'type: left',
    allowed: 'inner',
    make: () => defineJoin({ type: 'left' }),
  },
  {
    code: 'BIFOLD_BAD_JOIN',
    what: 'a join of everything with everything',
    names: 'on: {}',
    allowed: 'one pair',
    make: () => defineJoin({ on: {} }),
  },
  {
    code: 'BIFOLD_BAD_JOIN',
    what: 'a join of a text with a number',
    names: 'city (text) and guests (double)',
    allowed: 'one type',
    make: () => defineJoin({ on: { city: 'guests' } }),
  },
  {
    code: 'BIFOLD_UNKNOWN_FIELD',
    what: 'a join by a field that is not there',
    names: '"city"',
    allowed: 'guests',
    make: () => defineJoin({ on: { city: 'city' } }),
  },
  {
    code: 'BIFOLD_NAME_TAKEN',
    what: 'a left side with a field that looks like one of the right side',
    names: '"fare_paid"',
    allowed: '"fare_"',
    make: () => defineJoin({ left: tours, right: rides, as: 'fare', on: { town: 'city' } }),
  },
  {
    code: 'BIFOLD_BAD_NAME',
    what: 'a right side without a name',
    names: 'right side',
    allowed: 'a letter',
    make: () => defineJoin({ as: undefined }),
  },
  {
    code: 'BIFOLD_BAD_DURATION',
    what: 'a join within a time that is none',
    names: '"soon"',
    allowed: '"1h"',
    make: () => defineJoin({ within: { before: 'soon' } }),
  },
  ...['flatMap', 'scores', 'dropDuplicates'].map((option) => ({
    code: 'BIFOLD_BAD_JOIN',
    what: `a join with ${option}`,
    names: option,
    allowed: 'lookups, derive, where',
    make: () =>
      defineJoin(
        {},
        {
          flatMap: { flatMap: { word: split('city', ' ') } },
          scores: { scores: { expected: model('fares') } },
          dropDuplicates: { dropDuplicates: dropDuplicates(['city']) },
        }[option],
      ),
  })),
  {
    code: 'BIFOLD_BAD_LATE',
    what: 'a duration where a rule of lateness belongs',
    names: '"2h"',
    allowed: 'dropLate(after',
    make: () => define({ dropLate: '2h' }),
  },
  {
    code: 'BIFOLD_BAD_LOOKUP',
    what: 'a table where a lookup belongs',
    names: '"place"',
    allowed: 'lookup(table(...)',
    make: () => define({ lookups: { place: cities } }),
  },
  {
    code: 'BIFOLD_BAD_SCORE',
    what: 'a name where a model belongs',
    names: '"expected"',
    allowed: "model('name')",
    make: () => define({ scores: { expected: 'fares' } }),
  },
  {
    code: 'BIFOLD_BAD_NAME',
    what: 'a model without a usable name',
    names: 'a model',
    allowed: 'a letter',
    make: () => define({ scores: { expected: model('no name') } }),
  },
  {
    code: 'BIFOLD_BAD_SCORE',
    what: 'a score of an unknown kind',
    names: '"expected"',
    allowed: '"probability"',
    make: () => define({ scores: { expected: model('fares', { output: 'odds' } as never) } }),
  },
  {
    code: 'BIFOLD_BAD_SCORE',
    what: 'a score without a rule for no version',
    names: 'missing',
    allowed: '"wait"',
    make: () => define({ scores: { expected: model('fares', { missing: 'drop' } as never) } }),
  },
  {
    code: 'BIFOLD_BAD_SCORE',
    what: 'a class beside a number',
    names: '"dear"',
    allowed: 'where the probability is given',
    make: () => define({ scores: { expected: model('fares', { of: 'dear' }) } }),
  },
  {
    code: 'BIFOLD_BAD_SCORE',
    what: 'one model in two ways',
    names: 'scores.sure',
    allowed: 'the same features',
    make: () =>
      define({
        scores: {
          grade: model('grades', { output: 'text' }),
          sure: model('grades', { output: 'probability', missing: 'wait' }),
        },
      }),
  },
  {
    code: 'BIFOLD_UNKNOWN_FIELD',
    what: 'a feature of a field that does not exist',
    names: '"rank"',
    allowed: 'fare',
    make: () => define({ scores: { expected: model('fares', { features: { rank: 'rank' } }) } }),
  },
  {
    code: 'BIFOLD_UNKNOWN_FIELD',
    what: 'a feature that is a score',
    names: '"other"',
    allowed: 'fare',
    make: () =>
      define({ scores: { other: model('others'), expected: model('fares', { features: { rank: 'other' } }) } }),
  },
  {
    code: 'BIFOLD_NOT_SCALAR',
    what: 'a feature that is a list',
    names: '"tags"',
    allowed: 'text, number',
    make: () => define({ scores: { expected: model('fares', { features: { tags: 'tags' } }) } }),
  },
  {
    code: 'BIFOLD_NAME_TAKEN',
    what: 'a score named as a field',
    names: '"Fare"',
    allowed: 'upper and lower case alike',
    make: () => define({ scores: { Fare: model('fares') } }),
  },
  {
    code: 'BIFOLD_NOT_NUMERIC',
    what: 'the mean of a class',
    names: '"grade"',
    allowed: 'an integer or double',
    make: () =>
      define({ scores: { grade: model('grades', { output: 'text' }) }, aggregates: { m: mean('grade' as never) } }),
  },
  {
    code: 'BIFOLD_BAD_LOOKUP_KEY',
    what: 'a lookup on a number by text',
    names: '"seats"',
    allowed: 'two text or two integer',
    make: () => define({ lookups: { place: lookup(cities, { on: 'seats' }) } }),
  },
  {
    code: 'BIFOLD_BAD_LOOKUP_KEY',
    what: 'a table without its key',
    names: '"code"',
    allowed: 'two text or two integer',
    make: () =>
      define({ lookups: { place: lookup(table('cities', { schema: City, key: 'code' as never }), { on: 'city' }) } }),
  },
  {
    code: 'BIFOLD_BAD_MISSING',
    what: 'an unknown treatment of missing rows',
    names: '"place"',
    allowed: '"null", "drop"',
    make: () => define({ lookups: { place: lookup(cities, { on: 'city', missing: 'skip' as never }) } }),
  },
  {
    code: 'BIFOLD_NAME_TAKEN',
    what: 'a derived column like a field',
    names: '"fare"',
    allowed: 'upper and lower case alike',
    make: () => define({ derive: { fare: field('seats').isNull() } }),
  },
  {
    code: 'BIFOLD_NAME_TAKEN',
    what: 'one that differs in case alone',
    names: '"Fare"',
    allowed: 'upper and lower case alike',
    make: () => define({ derive: { Fare: field('seats').isNull() } }),
  },
  {
    code: 'BIFOLD_NAME_TAKEN',
    what: 'a derived column like a lookup',
    names: '"place"',
    allowed: 'no column, lookup',
    make: () =>
      define({ lookups: { place: lookup(cities, { on: 'city' }) }, derive: { place: field('seats').isNull() } }),
  },
  {
    code: 'BIFOLD_NAME_TAKEN',
    what: 'a lookup like a field',
    names: '"city"',
    allowed: 'no column, lookup',
    make: () => define({ lookups: { city: lookup(cities, { on: 'city' }) } }),
  },
  {
    code: 'BIFOLD_NAME_TAKEN',
    what: 'lookups that differ in case alone',
    names: '"Place"',
    allowed: 'no column, lookup',
    make: () =>
      define({ lookups: { place: lookup(cities, { on: 'city' }), Place: lookup(airlines as never, { on: 'city' }) } }),
  },
  {
    code: 'BIFOLD_NAME_TAKEN',
    what: 'an aggregate like a key',
    names: '"city"',
    allowed: 'groupBy',
    make: () => define({ aggregates: { city: count() } }),
  },
  {
    code: 'BIFOLD_NAME_TAKEN',
    what: 'an aggregate named window',
    names: '"window"',
    allowed: 'not "window"',
    make: () => define({ aggregates: { window: count() } }),
  },
  {
    code: 'BIFOLD_NAME_TAKEN',
    what: 'aggregates that differ in case alone',
    names: '"N"',
    allowed: 'no other aggregate',
    make: () => define({ aggregates: { n: count(), N: count() } }),
  },
  {
    code: 'BIFOLD_NO_KEY',
    what: 'no key',
    names: 'groups by nothing',
    allowed: 'one field',
    make: () => define({ groupBy: [] }),
  },
  {
    code: 'BIFOLD_NO_KEY',
    what: 'a key that is no list',
    names: '"city"',
    allowed: 'one field',
    make: () => define({ groupBy: 'city' }),
  },
  {
    code: 'BIFOLD_BAD_KEY',
    what: 'a nested key',
    names: '"tags"',
    allowed: 'text, number',
    make: () => define({ groupBy: ['tags'] }),
  },
  {
    code: 'BIFOLD_BAD_KEY',
    what: 'a lookup column as key',
    names: '"place.rank"',
    allowed: 'derived columns',
    make: () => define({ lookups: { place: lookup(cities, { on: 'city' }) }, groupBy: ['place.rank'] }),
  },
  {
    code: 'BIFOLD_BAD_KEY',
    what: 'a key twice',
    names: 'city, city',
    allowed: 'once',
    make: () => define({ groupBy: ['city', 'city'] }),
  },
  {
    code: 'BIFOLD_BAD_DUPLICATES',
    what: 'duplicates that agree in nothing',
    names: '[]',
    allowed: 'one field',
    make: () => define({ dropDuplicates: dropDuplicates([]) }),
  },
  {
    code: 'BIFOLD_UNKNOWN_FIELD',
    what: 'duplicates in a field that does not exist',
    names: '"town"',
    allowed: 'city',
    make: () => define({ dropDuplicates: dropDuplicates(['city', 'town']) }),
  },
  {
    code: 'BIFOLD_BAD_DUPLICATES',
    what: 'duplicates in a nested field',
    names: '"tags"',
    allowed: 'fields of the record itself',
    make: () => define({ dropDuplicates: dropDuplicates(['city', 'tags']) }),
  },
  {
    code: 'BIFOLD_BAD_DUPLICATES',
    what: 'duplicates in a lookup column',
    names: '"place.rank"',
    allowed: 'fields of the record itself',
    make: () =>
      define({
        lookups: { place: lookup(cities, { on: 'city' }) },
        dropDuplicates: dropDuplicates(['city', 'place.rank']),
      }),
  },
  {
    code: 'BIFOLD_BAD_DUPLICATES',
    what: 'duplicates in a field twice',
    names: 'city, city',
    allowed: 'once',
    make: () => define({ dropDuplicates: dropDuplicates(['city', 'city']) }),
  },
  {
    code: 'BIFOLD_BAD_DUPLICATES',
    what: 'duplicates within no time',
    names: '0',
    allowed: 'a duration',
    make: () => define({ dropDuplicates: { by: ['city'], withinMs: 0 } }),
  },
  {
    code: 'BIFOLD_NOT_CO_PARTITIONED',
    what: 'duplicates that may lie in different partitions',
    names: 'fare',
    allowed: '"city"',
    make: () => define({ dropDuplicates: dropDuplicates(['fare']) }),
  },
  {
    code: 'BIFOLD_NO_WINDOW',
    what: 'no window',
    names: 'no window',
    allowed: 'one window',
    make: () => define({ windows: {} }),
  },
  {
    code: 'BIFOLD_BAD_WINDOW',
    what: 'a duration where a window belongs',
    names: '"hourly"',
    allowed: 'tumbling',
    make: () => define({ windows: { hourly: '1h' } }),
  },
  {
    code: 'BIFOLD_BAD_WINDOW',
    what: 'a window of no kind',
    names: '"hourly"',
    allowed: 'tumbling',
    make: () => define({ windows: { hourly: { kind: 'hopping', sizeMs: 5 } } }),
  },
  {
    code: 'BIFOLD_BAD_WINDOW',
    what: 'a window without size',
    names: '"hourly"',
    allowed: 'tumbling',
    make: () => define({ windows: { hourly: { kind: 'tumbling', sizeMs: 0 } } }),
  },
  {
    code: 'BIFOLD_BAD_WINDOW',
    what: 'a window with an offset that is no length',
    names: '"hourly"',
    allowed: 'tumbling',
    make: () => define({ windows: { hourly: { kind: 'tumbling', sizeMs: 5, offsetMs: -1 } } }),
  },
  {
    code: 'BIFOLD_BAD_WINDOW',
    what: 'a sliding window without a slide',
    names: '"hourly"',
    allowed: 'sliding',
    make: () => define({ windows: { hourly: { kind: 'sliding', sizeMs: 5 } } }),
  },
  {
    code: 'BIFOLD_BAD_WINDOW',
    what: 'a sliding window of more panes than can be read',
    names: 'more than 10000 panes',
    allowed: 'sliding',
    make: () => define({ windows: { hourly: sliding('1d', '7001ms') } }),
  },
  {
    code: 'BIFOLD_BAD_WINDOW',
    what: 'a session without a gap',
    names: 'without a gap',
    allowed: "session('30m')",
    make: () => define({ windows: { hourly: { kind: 'session' } } }),
  },
  {
    code: 'BIFOLD_BAD_OFFSET',
    what: 'an offset as long as its window',
    names: '1h',
    allowed: 'shorter',
    make: () => tumbling('1h', { offset: '1h' }),
  },
  {
    code: 'BIFOLD_NO_AGGREGATE',
    what: 'no aggregate',
    names: 'nothing',
    allowed: 'one aggregate',
    make: () => define({ aggregates: {} }),
  },
  {
    code: 'BIFOLD_BAD_AGGREGATE',
    what: 'an unknown kind',
    names: '"middle"',
    allowed: "sum('field')",
    make: () => define({ aggregates: { middle: { kind: 'median', field: 'fare' } } }),
  },
  {
    code: 'BIFOLD_BAD_AGGREGATE',
    what: 'a sum of no field: it would count',
    names: '"total"',
    allowed: "sum('field')",
    make: () => define({ aggregates: { total: sum(undefined as never) } }),
  },
  {
    code: 'BIFOLD_BAD_AGGREGATE',
    what: 'a count of a field: SQL would count nulls',
    names: '"n"',
    allowed: 'count()',
    make: () => define({ aggregates: { n: { kind: 'count', field: 'fare' } } }),
  },
  {
    code: 'BIFOLD_BAD_AGGREGATE',
    what: 'a function',
    names: '"n"',
    allowed: 'count()',
    make: () => define({ aggregates: { n: count } }),
  },
  {
    code: 'BIFOLD_BAD_AGGREGATE',
    what: 'a correlation of one field',
    names: '"both"',
    allowed: "covariance('x', 'y')",
    make: () => define({ aggregates: { both: { kind: 'correlation', field: 'fare' } } }),
  },
  {
    code: 'BIFOLD_BAD_AGGREGATE',
    what: 'a sum of two fields',
    names: '"both"',
    allowed: "sum('field')",
    make: () => define({ aggregates: { both: { kind: 'sum', field: 'fare', second: 'seats' } } }),
  },
  {
    code: 'BIFOLD_BAD_AGGREGATE',
    what: 'a histogram without edges',
    names: '"top"',
    allowed: "histogram('field'",
    make: () => define({ aggregates: { top: histogram('fare', []) } }),
  },
  {
    code: 'BIFOLD_BAD_AGGREGATE',
    what: 'edges that do not ascend',
    names: '"top"',
    allowed: "histogram('field'",
    make: () => define({ aggregates: { top: histogram('fare', [0, 10, 10]) } }),
  },
  {
    code: 'BIFOLD_BAD_AGGREGATE',
    what: 'an edge that is no number',
    names: '"top"',
    allowed: "histogram('field'",
    make: () => define({ aggregates: { top: histogram('fare', [0, Number.NaN]) } }),
  },
  {
    code: 'BIFOLD_BAD_AGGREGATE',
    what: 'edges that are no list',
    names: '"top"',
    allowed: "histogram('field'",
    make: () => define({ aggregates: { top: histogram('fare', 5 as never) } }),
  },
  {
    code: 'BIFOLD_BAD_AGGREGATE',
    what: 'the most frequent none',
    names: '"top"',
    allowed: "topK('field'",
    make: () => define({ aggregates: { top: topK('city', 0) } }),
  },
  {
    code: 'BIFOLD_BAD_AGGREGATE',
    what: 'more values than a row holds',
    names: '"top"',
    allowed: "collect('field'",
    make: () => define({ aggregates: { top: collect('city', 1001) } }),
  },
  {
    code: 'BIFOLD_BAD_AGGREGATE',
    what: 'half a value',
    names: '"top"',
    allowed: "collect('field'",
    make: () => define({ aggregates: { top: collect('city', 2.5) } }),
  },
  {
    code: 'BIFOLD_AGGREGATE_TWICE',
    what: 'an aggregate of one name and version, and of two meanings',
    names: 'least@1',
    allowed: 'one meaning',
    make: () => [defineAggregate(LEAST), defineAggregate({ ...LEAST, merge: Math.max })],
  },
  {
    code: 'BIFOLD_UNKNOWN_AGGREGATE',
    what: 'an aggregate that nobody defined',
    names: 'most@7',
    allowed: 'least@1',
    make: () => define({ aggregates: { top: { kind: 'own', field: 'fare', own: 'most@7' } } }),
  },
  {
    code: 'BIFOLD_NOT_NUMERIC',
    what: "an aggregate of one's own over text",
    names: 'least@1 of "city"',
    allowed: 'integer or double',
    make: () => define({ aggregates: { top: defineAggregate(LEAST)('city' as never) } }),
  },
  {
    code: 'BIFOLD_NOT_TEXT',
    what: 'an aggregate of texts over numbers',
    names: 'longest@1 of "fare"',
    allowed: 'a text field',
    make: () =>
      define({ aggregates: { top: defineAggregate({ ...LEAST, name: 'longest', input: 'texts' } as never)('fare') } }),
  },
  {
    code: 'BIFOLD_BAD_AGGREGATE',
    what: 'an aggregate without a version',
    names: 'usable version',
    allowed: 'from 1',
    make: () => defineAggregate({ ...LEAST, version: 0 } as never),
  },
  {
    code: 'BIFOLD_BAD_AGGREGATE',
    what: 'an aggregate of nothing',
    names: 'input',
    allowed: 'numbers, booleans',
    make: () => defineAggregate({ ...LEAST, input: 'dates' } as never),
  },
  {
    code: 'BIFOLD_BAD_AGGREGATE',
    what: 'an aggregate that shows anything',
    names: 'output',
    allowed: 'number, boolean',
    make: () => defineAggregate({ ...LEAST, output: 'any' } as never),
  },
  {
    code: 'BIFOLD_BAD_AGGREGATE',
    what: 'an aggregate without merge',
    names: 'no merge',
    allowed: 'a function',
    make: () => defineAggregate({ ...LEAST, merge: undefined } as never),
  },
  {
    code: 'BIFOLD_BAD_AGGREGATE',
    what: 'an aggregate with a state that is no JSON',
    names: 'empty state',
    allowed: 'JSON',
    make: () => defineAggregate({ ...LEAST, empty: () => 0 } as never),
  },
  {
    code: 'BIFOLD_NOT_NUMERIC',
    what: 'a variance of decimals',
    names: '"price"',
    allowed: 'integer or double',
    make: () => defineTopic({ schema: Priced }, { aggregates: { spread: variance('price') } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'which decimal is larger: SQL would compare texts',
    names: 'decimal',
    allowed: 'eq and ne only',
    make: () => defineTopic({ schema: Priced }, { derive: { more: field('price').gt(field('paid')) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a decimal compared with a text',
    names: 'decimal',
    allowed: 'two numbers',
    make: () => defineTopic({ schema: Priced }, { derive: { five: field('price').eq('5.0') } }),
  },
  {
    code: 'BIFOLD_NOT_NUMERIC',
    what: 'a correlation with text',
    names: '"city"',
    allowed: 'integer or double',
    make: () => define({ aggregates: { both: correlation('fare', 'city') } }),
  },
  {
    code: 'BIFOLD_NOT_SCALAR',
    what: 'the last of nested values',
    names: '"tags"',
    allowed: 'text, number',
    make: () => define({ aggregates: { tags: last('tags') } }),
  },
  {
    code: 'BIFOLD_NOT_SCALAR',
    what: 'what is largest by nested values',
    names: '"tags"',
    allowed: 'text, number',
    make: () => define({ aggregates: { top: maxBy('city', 'tags') } }),
  },
  {
    code: 'BIFOLD_UNKNOWN_FIELD',
    what: 'what is largest by an unknown field',
    names: '"fair"',
    allowed: 'fare',
    make: () => define({ aggregates: { top: maxBy('night', 'fair') } }),
  },
  {
    code: 'BIFOLD_NOT_NUMERIC',
    what: 'a sum over text',
    names: '"city"',
    allowed: 'integer or double',
    make: () => define({ aggregates: { total: sum('city') } }),
  },
  {
    code: 'BIFOLD_NOT_NUMERIC',
    what: 'the largest truth',
    names: '"night"',
    allowed: 'integer or double',
    make: () => define({ aggregates: { top: max('night') } }),
  },
  {
    code: 'BIFOLD_BAD_AGGREGATE',
    what: 'a quantile of no rank',
    names: '"parameter":2',
    allowed: 'a rank from 0 to 1',
    make: () => define({ aggregates: { p: { kind: 'quantile', field: 'fare', parameter: 2 } } }),
  },
  {
    code: 'BIFOLD_NOT_BOOLEAN',
    what: 'a condition on records that is a number',
    names: 'integer',
    allowed: 'a comparison',
    make: () => define({ where: field('seats') }),
  },
  {
    code: 'BIFOLD_UNKNOWN_FIELD',
    what: 'a condition on records over a field that does not exist',
    names: '"nothing"',
    allowed: 'city',
    make: () => define({ where: field('nothing').isNull() }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a condition on records that is a function',
    names: 'a function',
    allowed: "field('name')",
    make: () => define({ where: () => true }),
  },
  {
    code: 'BIFOLD_NOT_BOOLEAN',
    what: 'any of a text',
    names: 'any of "city"',
    allowed: 'a boolean field',
    make: () => define({ aggregates: { p: { kind: 'any', field: 'city' } } }),
  },
  {
    code: 'BIFOLD_NOT_BOOLEAN',
    what: 'a condition that is a number',
    names: '"fare"',
    allowed: 'boolean',
    make: () => define({ aggregates: { n: count({ where: 'fare' }) } }),
  },
  {
    code: 'BIFOLD_NOT_SCALAR',
    what: 'an expression over a list',
    names: '"tags"',
    allowed: 'text, number',
    make: () => define({ derive: { tagged: field('tags').isNotNull() } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a value where an expression belongs',
    names: 'derive.late',
    allowed: "field('name')",
    make: () => define({ derive: { late: true } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'text against number',
    names: 'derive.late',
    allowed: 'two numbers',
    make: () => define({ derive: { late: field('city').eq(5) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'an order of texts',
    names: 'derive.late',
    allowed: 'eq and ne only',
    make: () => define({ derive: { late: field('city').lt('m' as never) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a time against text',
    names: 'derive.late',
    allowed: 'two timestamps',
    make: () => define({ derive: { late: field('at').gt('2013-01-01T00:00:00Z' as never) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'not of a number',
    names: 'derive.late',
    allowed: 'boolean operands',
    make: () => define({ derive: { late: field('fare').not() } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'and of a text',
    names: 'derive.late',
    allowed: 'boolean operands',
    make: () =>
      define({
        derive: {
          late: field('night')
            .isNull()
            .and(field('city') as never),
        },
      }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'null alone',
    names: 'derive.late',
    allowed: 'reads a field',
    make: () => define({ derive: { late: literal(null) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a comparison with null',
    names: 'derive.late',
    allowed: 'two numbers',
    make: () => define({ derive: { late: field('fare').eq(null as never) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'an infinity',
    names: 'derive.late',
    allowed: 'finite',
    make: () => define({ derive: { late: field('fare').lt(Number.POSITIVE_INFINITY) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a text that ends SQL early',
    names: 'derive.late',
    allowed: 'U+0000',
    make: () => define({ derive: { late: field('city').eq('a\0b') } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'half a character',
    names: 'derive.late',
    allowed: 'well-formed',
    make: () => define({ derive: { late: field('city').eq('\ud800') } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a sum with a text',
    names: 'derive.late',
    allowed: 'integer or double',
    make: () => define({ derive: { late: field('fare').plus('1' as never) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a product of texts',
    names: 'derive.late',
    allowed: 'integer or double',
    make: () => define({ derive: { late: field('city').times(2) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'division of a time',
    names: 'derive.late',
    allowed: 'integer or double',
    make: () => define({ derive: { late: field('at').dividedBy(2) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'what is left of a truth',
    names: 'derive.late',
    allowed: 'integer or double',
    make: () => define({ derive: { late: field('night').modulo(2) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a sum with null',
    names: 'derive.late',
    allowed: 'integer or double',
    make: () => define({ derive: { late: field('fare').plus(null as never) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a sum with NaN',
    names: 'derive.late',
    allowed: 'finite',
    make: () => define({ derive: { late: field('fare').plus(Number.NaN) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a sum with an object',
    names: 'derive.late',
    allowed: 'an expression',
    make: () => define({ derive: { late: field('fare').plus({} as never) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a root of text',
    names: 'derive.late',
    allowed: 'integer or double',
    make: () => define({ derive: { late: field('city').sqrt() } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a rounded time',
    names: 'derive.late',
    allowed: 'integer or double',
    make: () => define({ derive: { late: field('at').round() } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'the length of a number',
    names: 'derive.late',
    allowed: 'text fields',
    make: () => define({ derive: { late: field('fare').length() } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'part of a number',
    names: 'derive.late',
    allowed: 'text fields',
    make: () => define({ derive: { late: field('seats').substring(1) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a substring that begins before the text',
    names: 'derive.late',
    allowed: 'from 0',
    make: () => define({ derive: { late: field('city').substring(-1) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a substring of half a character',
    names: 'derive.late',
    allowed: 'from 0',
    make: () => define({ derive: { late: field('city').substring(0, 0.5) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a number joined to text',
    names: 'derive.late',
    allowed: 'text fields',
    make: () => define({ derive: { late: concat('at ', field('seats')) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a number looked for in text',
    names: 'derive.late',
    allowed: 'text fields',
    make: () => define({ derive: { late: field('city').contains(field('seats')) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a number in lower case',
    names: 'derive.late',
    allowed: 'text fields',
    make: () => define({ derive: { late: field('seats').lower() } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'the year of a number',
    names: 'derive.late',
    allowed: 'date-time',
    make: () => define({ derive: { late: field('since').year() } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'the hour of a text',
    names: 'derive.late',
    allowed: 'date-time',
    make: () => define({ derive: { late: field('city').hour() } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'text or number',
    names: 'derive.late',
    allowed: 'values of one type',
    make: () => define({ derive: { late: when(field('night'), 'late').otherwise(5 as never) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a case without a condition',
    names: 'derive.late',
    allowed: 'boolean operands',
    make: () => define({ derive: { late: when(field('fare'), 1).otherwise(2) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a case of nothing but null',
    names: 'derive.late',
    allowed: 'reads a field',
    make: () => define({ derive: { late: when(field('night'), literal(null) as never).otherwise(null) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a case that is left open',
    names: 'derive.late',
    allowed: 'begins with field',
    make: () => define({ derive: { late: when(field('night'), 1) as never } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'the first of a text and a time',
    names: 'derive.late',
    allowed: 'values of one type',
    make: () => define({ derive: { late: coalesce(field('city'), field('at')) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a list of nothing',
    names: 'derive.late',
    allowed: 'from 1 to 1000',
    make: () => define({ derive: { late: field('city').isIn([]) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a list that is too long',
    names: 'derive.late',
    allowed: 'from 1 to 1000',
    make: () => define({ derive: { late: field('seats').isIn(Array.from({ length: 1001 }, (_, n) => n)) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a list of other types',
    names: 'derive.late',
    allowed: 'of the type',
    make: () => define({ derive: { late: field('city').isIn(['a', 5] as never) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a list with null',
    names: 'derive.late',
    allowed: 'of the type',
    make: () => define({ derive: { late: field('city').isIn(['a', null] as never) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a list that is none',
    names: 'derive.late',
    allowed: 'from 1 to 1000',
    make: () => define({ derive: { late: field('city').isIn('oslo' as never) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'a time in a list of texts',
    names: 'derive.late',
    allowed: 'of the type',
    make: () => define({ derive: { late: field('at').isIn(['2013-01-01T00:00:00Z']) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'an expression that is too deep',
    names: 'derive.late',
    allowed: '100 levels',
    make: () => define({ derive: { late: deep(101) } }),
  },
  {
    code: 'BIFOLD_BAD_EXPRESSION',
    what: 'an expression that is too wide',
    names: 'derive.late',
    allowed: '2000 parts',
    make: () => define({ derive: { late: field('seats').isIn([1]).or(wide(2000)) } }),
  },
  {
    code: 'BIFOLD_BAD_FLAT_MAP',
    what: 'a flatMap of nothing',
    names: '[]',
    allowed: 'one column',
    make: () => define({ flatMap: {} }),
  },
  {
    code: 'BIFOLD_BAD_FLAT_MAP',
    what: 'a flatMap of two',
    names: '"tag"',
    allowed: 'one column',
    make: () => define({ flatMap: { word: split('city', ' '), tag: items('tags') } }),
  },
  {
    code: 'BIFOLD_BAD_FLAT_MAP',
    what: 'a flatMap of a function',
    names: 'flatMap.word',
    allowed: 'items(',
    make: () => define({ flatMap: { word: () => [] } }),
  },
  {
    code: 'BIFOLD_BAD_FLAT_MAP',
    what: 'a text split at nothing',
    names: 'flatMap.word',
    allowed: 'one character',
    make: () => define({ flatMap: { word: split('city', '') } }),
  },
  {
    code: 'BIFOLD_BAD_FLAT_MAP',
    what: 'a text split at what SQL cannot hold',
    names: 'flatMap.word',
    allowed: 'well-formed',
    make: () => define({ flatMap: { word: split('city', '\ud800') } }),
  },
  {
    code: 'BIFOLD_BAD_FLAT_MAP',
    what: 'a number split',
    names: 'flatMap.word',
    allowed: 'split(...) of text',
    make: () => define({ flatMap: { word: split('fare', ' ') } }),
  },
  {
    code: 'BIFOLD_BAD_FLAT_MAP',
    what: 'an array split',
    names: '"tags"',
    allowed: 'split(...) of text',
    make: () => define({ flatMap: { word: split('tags', ' ') } }),
  },
  {
    code: 'BIFOLD_BAD_FLAT_MAP',
    what: 'items of a text',
    names: '"city"',
    allowed: 'an array of texts',
    make: () => define({ flatMap: { tag: items('city') } }),
  },
  {
    code: 'BIFOLD_BAD_FLAT_MAP',
    what: 'items of objects',
    names: '"stops"',
    allowed: 'an array of texts',
    make: () =>
      define({
        ...from({ schema: Ride.extend({ stops: z.array(z.object({ city: z.string() })) }) }),
        flatMap: { stop: items('stops') },
      }),
  },
  {
    code: 'BIFOLD_BAD_FLAT_MAP',
    what: 'items of texts and numbers',
    names: '"mixed"',
    allowed: 'of one type',
    make: () =>
      define({
        ...from({ schema: Ride.extend({ mixed: z.array(z.union([z.string(), z.int()])) }) }),
        flatMap: { one: items('mixed') },
      }),
  },
  {
    code: 'BIFOLD_BAD_FLAT_MAP',
    what: 'items of times',
    names: '"times"',
    allowed: 'an array of texts',
    make: () =>
      define({
        ...from({ schema: Ride.extend({ times: z.array(z.iso.datetime()) }) }),
        flatMap: { time: items('times') },
      }),
  },
  {
    code: 'BIFOLD_BAD_FLAT_MAP',
    what: 'a pair of values',
    names: '"pair"',
    allowed: 'an array of texts',
    make: () =>
      define({
        ...from({ schema: Ride.extend({ pair: z.tuple([z.string(), z.string()]) }) }),
        flatMap: { one: items('pair') },
      }),
  },
  {
    code: 'BIFOLD_UNKNOWN_FIELD',
    what: 'items of a lookup',
    names: '"place.notes"',
    allowed: 'at, city',
    make: () => define({ lookups: { place: lookup(cities, { on: 'city' }) }, flatMap: { note: items('place.notes') } }),
  },
  {
    code: 'BIFOLD_UNKNOWN_FIELD',
    what: 'a split of a derived column',
    names: '"title"',
    allowed: 'at, city',
    make: () => define({ derive: { title: field('city').lower() }, flatMap: { word: split('title', ' ') } }),
  },
  {
    code: 'BIFOLD_NAME_TAKEN',
    what: 'an item named like a field',
    names: '"seats"',
    allowed: 'no column',
    make: () => define({ flatMap: { seats: split('city', ' ') } }),
  },
  {
    code: 'BIFOLD_BAD_NAME',
    what: 'an item in quotes',
    names: 'flatMap',
    allowed: 'underscores',
    make: () => define({ flatMap: { 'a"': split('city', ' ') } }),
  },
  {
    code: 'BIFOLD_BAD_FLAT_MAP',
    what: 'scores of items',
    names: 'expected',
    allowed: 'one event each',
    make: () => define({ flatMap: { tag: items('tags') }, scores: { expected: model('fares') } }),
  },
  {
    code: 'BIFOLD_BAD_ZONE',
    what: 'a time zone that is not there',
    names: '"Europe/Bern"',
    allowed: '"Europe/Berlin"',
    make: () => calendar('day', { zone: 'Europe/Bern' }),
  },
  {
    code: 'BIFOLD_BAD_ZONE',
    what: 'a time zone that is no text',
    names: '60',
    allowed: 'tz database',
    make: () => calendar('day', { zone: 60 as never }),
  },
  {
    code: 'BIFOLD_BAD_WINDOW',
    what: 'a calendar of quarters',
    names: '"daily" of a unit',
    allowed: 'calendar(',
    make: () => define({ windows: { daily: calendar('quarter' as never) } }),
  },
  {
    code: 'BIFOLD_BAD_WINDOW',
    what: 'a calendar without clocks',
    names: '"daily" of a zone',
    allowed: 'calendar(',
    make: () => define({ windows: { daily: { kind: 'calendar', unit: 'day', zone: 'UTC' } } }),
  },
  {
    code: 'BIFOLD_BAD_STORAGE',
    what: 'segments of 15',
    names: 'storage.segmentSize',
    allowed: 'from 16 to 131072',
    make: () => define({ storage: { segmentSize: 15 } }),
  },
  ...[
    { least: 48, most: 4096, share: 16 },
    { least: 64, most: 5000, share: 16 },
    { least: 64, most: 64, share: 16 },
    { least: 8, most: 64, share: 16 },
    { least: 64, most: 262_144, share: 16 },
    { least: 64, most: 4096, share: 0 },
    { least: 64, most: 4096, share: 1.5 },
    { least: 64, most: 4096 },
    { least: 64, most: 4096, share: 16, first: 1 },
    null,
    '64',
  ].map((segmentSize) => ({
    code: 'BIFOLD_BAD_STORAGE',
    what: `segments of ${JSON.stringify(segmentSize)}`,
    names: 'storage.segmentSize',
    allowed: '{ least, most, share }',
    make: () => define({ storage: { segmentSize } }),
  })),
  {
    code: 'BIFOLD_BAD_STORAGE',
    what: 'half a bucket',
    names: 'storage.buckets',
    allowed: 'from 1 to 256',
    make: () => define({ storage: { buckets: 0.5 } }),
  },
  ...['2 min', '1hour', '1.5h', '0s', '-1h', '', '1w', '1H', ' 1h', '999999999999d', 'Infinityms', undefined, 5].map(
    (duration) => ({
      code: 'BIFOLD_BAD_DURATION',
      what: `the duration ${duration}`,
      names: JSON.stringify(duration) ?? 'undefined',
      allowed: 'ms, s, m, h or d',
      make: () => tumbling(duration as never),
    }),
  ),
];

describe('a definition that cannot mean anything exact is refused', () => {
  it.each(REFUSALS)('$what: $code', ({ code, names, allowed, make }) => {
    let refused: unknown;
    try {
      make();
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(DefinitionError);
    const { code: given, explanation, message, name } = refused as DefinitionError;
    expect(given).toBe(code);
    expect(name).toBe('DefinitionError');
    expect(`${explanation.failed} ${explanation.received}`).toContain(names);
    expect(explanation.allowed).toContain(allowed);
    for (const part of [explanation.failed, explanation.received, explanation.allowed, explanation.remedy, code]) {
      expect(part).not.toBe('');
      expect(message).toContain(part);
    }
  });

  it('in more than a hundred ways', () => {
    expect(REFUSALS.length).toBeGreaterThan(100);
  });

  it('has a test for every code that the definition can give', () => {
    const folder = joinPath(import.meta.dirname, '../../layers/core/src/definition');
    const files = [
      ...readdirSync(folder).filter((file) => !file.endsWith('.test.ts')),
      '../aggregates/kinds/custom.ts',
      '../expression/type.ts',
      '../windows/zone-clock.ts',
    ];
    const codes = files.flatMap((file) => readFileSync(joinPath(folder, file), 'utf8').match(/BIFOLD_[A-Z_]+/g) ?? []);
    expect([...new Set(REFUSALS.map(({ code }) => code))].sort()).toEqual([...new Set(codes)].sort());
  });

  it('keeps the cause when a schema cannot be described', () => {
    expect(() => defineTopic({ schema: Ride.extend({ at: z.date() }) })).toThrow(
      expect.objectContaining({ cause: expect.any(Error) }),
    );
  });
});

describe('durations', () => {
  it.each([
    ['1ms', 1],
    ['90s', 90_000],
    ['10m', 600_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['007d', 604_800_000],
  ] as const)('%s', (duration, sizeMs) => {
    expect(durationMs(duration)).toBe(sizeMs);
  });
});

const everything = () =>
  definePipeline({
    ...base,
    lookups: { place: lookup(cities, { on: 'city', missing: 'drop' }) },
    derive: {
      dear: field('fare')
        .gt(2.5)
        .and(
          new Expression<boolean>({
            kind: 'not',
            operand: { kind: 'isNull', operand: { kind: 'field', field: 'night' } },
          }),
        ),
    },
    windows: { hourly: tumbling('1h'), daily: tumbling('1d') },
    aggregates: { n: count({ where: 'dear' }), low: min('fare'), average: mean('seats'), ranks: sum('place.rank') },
  }).plan;

describe('a plan', () => {
  const plans: readonly Plan[] = [everything(), ...pipelines.map(({ plan }) => plan)];

  it.each(plans.map((plan) => [plan.name, plan] as const))('of %s is plain data', (_, plan) => {
    expect(structuredClone(plan)).toEqual(plan);
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });

  it.each(plans.map((plan) => [plan.name, plan] as const))('of %s is frozen all the way down', (_, plan) => {
    const thawed: string[] = [];
    const walk = (value: unknown, path: string): void => {
      if (value === null || typeof value !== 'object') return;
      if (!Object.isFrozen(value)) thawed.push(path);
      for (const [name, inner] of Object.entries(value)) walk(inner, `${path}.${name}`);
    };
    walk(plan, 'plan');
    expect(thawed).toEqual([]);
  });

  it('freezes the pipeline, and the parts that it is made of', () => {
    for (const part of [
      pipelines[0],
      departures,
      departures.eventTime,
      airlines,
      tumbling('1h'),
      count(),
      sum('x'),
      field('x'),
      field('x').node,
      lookup(cities, { on: 'x' }),
    ])
      expect(Object.isFrozen(part)).toBe(true);
  });
});

const versionOf = (change: object): string => (define(change) as { plan: Plan }).plan.version;

describe('the version of a view', () => {
  const plain = versionOf({});

  it('is its name and a hash, the same each time', () => {
    expect(plain).toMatch(/^base-[0-9a-f]{12}$/);
    expect(versionOf({})).toBe(plain);
  });

  const derive = (expression: AnyExpression): object => ({ derive: { dear: expression } });
  const joined = (change: object): object => ({ lookups: { place: { ...lookup(cities, { on: 'city' }), ...change } } });
  it.each<[string, object, object]>([
    ['name', {}, { name: 'other' }],
    ['topic', {}, { from: topic('trips', topicOptions) }],
    ['schemaVersion', {}, from({ schemaVersion: 2 })],
    ['a field more', {}, from({ schema: Ride.extend({ more: z.string() }) })],
    ['type of a field', {}, from({ schema: Ride.extend({ fare: z.int().nullable() }) })],
    ['whether a field may be null', {}, from({ schema: Ride.extend({ fare: z.number() }) })],
    ['partition key', {}, from({ partitionBy: 'seats' })],
    ['event time', {}, from({ eventTime: { field: 'since', unit: 's' } })],
    [
      'unit of the event time',
      from({ eventTime: { field: 'since', unit: 's' } }),
      from({ eventTime: { field: 'since', unit: 'ms' } }),
    ],
    ['key', {}, { groupBy: ['city', 'night'] }],
    ['order of the key', { groupBy: ['city', 'night'] }, { groupBy: ['night', 'city'] }],
    ['size of a window', {}, { windows: { hourly: tumbling('2h') } }],
    ['unit of a calendar', { windows: { daily: calendar('day') } }, { windows: { daily: calendar('week') } }],
    [
      'clocks of a calendar',
      { windows: { daily: calendar('day') } },
      { windows: { daily: { ...calendar('day'), clock: [[0, 1]] } } },
    ],
    ['name of a window', {}, { windows: { daily: tumbling('1h') } }],
    ['a window more', {}, { windows: { hourly: tumbling('1h'), daily: tumbling('1d') } }],
    ['kind of an aggregate', { aggregates: { n: min('fare') } }, { aggregates: { n: max('fare') } }],
    ['field of an aggregate', { aggregates: { n: sum('fare') } }, { aggregates: { n: sum('seats') } }],
    ['condition of an aggregate', {}, { aggregates: { n: count({ where: 'night' }) } }],
    ['name of an aggregate', {}, { aggregates: { m: count() } }],
    ['expression', derive(field('fare').gt(2)), derive(field('fare').ge(2))],
    ['literal', derive(field('fare').gt(2)), derive(field('fare').gt(2.5))],
    ['what a record yields', {}, { flatMap: { word: split('city', ' ') } }],
    ['a separator', { flatMap: { word: split('city', ' ') } }, { flatMap: { word: split('city', ',') } }],
    ['a lookup', {}, joined({})],
    ['what a missing row means', joined({}), joined({ missing: 'drop' })],
    ['table of a lookup', joined({}), joined({ table: table('towns', { schema: City, key: 'city' }) })],
    [
      'columns of a lookup',
      joined({}),
      joined({ table: table('cities', { schema: City.extend({ more: z.int() }), key: 'city' }) }),
    ],
    ['segmentSize', {}, { storage: { segmentSize: 64 } }],
    ['buckets', {}, { storage: { buckets: 5 } }],
  ])('changes with: %s', (_, before, after) => {
    expect(versionOf(after)).not.toBe(versionOf(before));
  });

  it.each<[string, object, object]>([
    [
      'order of windows',
      { windows: { a: tumbling('1h'), b: tumbling('2h') } },
      { windows: { b: tumbling('2h'), a: tumbling('1h') } },
    ],
    [
      'order of aggregates',
      { aggregates: { a: count(), b: sum('fare') } },
      { aggregates: { b: sum('fare'), a: count() } },
    ],
    ['order of fields', {}, from({ schema: z.object(Object.fromEntries(Object.entries(Ride.shape).reverse())) })],
    ['order of options', {}, Object.fromEntries(Object.entries(base).reverse())],
    ['another way to write a duration', {}, { windows: { hourly: tumbling('60m') } }],
    [
      'what the defaults say anyway',
      {},
      { storage: { segmentSize: { least: 64, most: 4096, share: 16 }, buckets: 4 }, lookups: {}, derive: {} },
    ],
    [
      'a refinement: that is what schemaVersion is for',
      {},
      from({ schema: Ride.extend({ fare: z.number().max(5).nullable() }) }),
    ],
  ])('does not change with: %s', (_, before, after) => {
    expect(versionOf(after)).toBe(versionOf(before));
  });
});

describe('any Standard Schema', () => {
  it('describes columns as well as zod does', () => {
    const schema = schemaOf({ at: { type: 'string', format: 'date-time' }, m: { type: ['integer', 'null'] } });
    const plan = definePipeline({
      ...base,
      from: topic('t', { schema, schemaVersion: 1, partitionBy: 'm' as never, eventTime: 'at' as never }),
      groupBy: ['m' as never],
    }).plan;
    expect(plan.columns).toEqual([
      { name: 'at', type: 'timestamp', nullable: false },
      { name: 'm', type: 'integer', nullable: true },
    ]);
  });
});

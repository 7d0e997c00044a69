import { count, dropDuplicates, dropLate, field, running, session, tumbling } from '@bifold/core';
import { expect, it } from '@jest/globals';
import * as z from 'zod';
import { cassandra, console, defineStream, files, join, kafka, memory, rate, type Stream, union } from '../index.ts';

const from = rate({ rowsPerSecond: 5 });
const counted = { groupBy: ['value'], windows: { minute: tumbling('1m') }, aggregates: { n: count() } } as const;
const sinks = [console()];

const Row = z.object({ value: z.int() });
const sides = {
  left: { from, dropLate: dropLate('1m') },
  right: { from, dropLate: dropLate('1m') },
  as: 'r',
  within: { before: '1m' },
} as const;

/** A join that would be one, but for these options. */
function joined(changes: object): Stream {
  const options = { ...sides, on: { value: 'value' }, ...changes } as Parameters<typeof join>[0];
  return defineStream({ name: 'x', from: join(options), sinks });
}

it.each<[string, () => Stream, RegExp]>([
  [
    'append without lateness',
    () => defineStream({ name: 'x', from, ...counted, sinks }),
    /BIFOLD_APPEND_WITHOUT_WATERMARK/,
  ],
  [
    'append of a running total',
    () => defineStream({ name: 'x', from, ...counted, windows: { all: running() }, dropLate: dropLate('1m'), sinks }),
    /running\(\).+update or complete/,
  ],
  [
    'update of sessions',
    () => defineStream({ name: 'x', from, ...counted, windows: { visit: session('1m') }, outputMode: 'update', sinks }),
    /two sessions may become one/,
  ],
  [
    'complete of plain rows',
    () => defineStream({ name: 'x', from, outputMode: 'complete', sinks }),
    /no result table to emit/,
  ],
  [
    'duplicates below complete',
    () =>
      defineStream({
        name: 'x',
        from,
        ...counted,
        dropDuplicates: dropDuplicates(['value']),
        outputMode: 'complete',
        sinks,
      }),
    /dropDuplicates with outputMode: complete/,
  ],
  [
    'files that would change',
    () =>
      defineStream({
        name: 'x',
        from,
        ...counted,
        outputMode: 'update',
        sinks: [files({ path: '/tmp/x', format: 'csv' })],
      }),
    /rows in a file cannot change/,
  ],
  [
    'a table in memory that would change',
    () => defineStream({ name: 'x', from, ...counted, outputMode: 'update', sinks: [memory('t')] }),
    /append or complete/,
  ],
  [
    'partitions of JSON',
    () => defineStream({ name: 'x', from, sinks: [files({ path: '/tmp/x', format: 'json', partitionBy: ['value'] })] }),
    /json with partitionBy/,
  ],
  ['no sink', () => defineStream({ name: 'x', from, sinks: [] }), /BIFOLD_NO_SINK/],
  [
    'a condition that is none',
    () => defineStream({ name: 'x', from, where: field('value') as never, sinks }),
    /BIFOLD_NOT_BOOLEAN/,
  ],
  [
    'an unknown field',
    () => defineStream({ name: 'x', from, derive: { y: field('nothing').isNull() as never }, sinks }),
    /"nothing".+timestamp, value/,
  ],
  [
    'an unknown key of a record',
    () => defineStream({ name: 'x', from, sinks: [kafka({ topic: 't', key: 'id' })] }),
    /"id".+timestamp, value/,
  ],
  [
    'an unknown column of duplicates',
    () => defineStream({ name: 'x', from, dropDuplicates: dropDuplicates(['id' as never]), sinks }),
    /"id".+timestamp, value/,
  ],
  [
    'duplicates without a column',
    () => defineStream({ name: 'x', from, dropDuplicates: ['value'] as never, sinks }),
    /has dropDuplicates without fields/,
  ],
  [
    'duplicates within a time of their own',
    () => defineStream({ name: 'x', from, dropDuplicates: dropDuplicates(['value'], { within: '1h' }), sinks }),
    /dropDuplicates with within/,
  ],
  [
    'a text where lateness belongs',
    () => defineStream({ name: 'x', from, dropLate: '10m' as never, sinks }),
    /has no valid dropLate/,
  ],
  [
    'lateness with a clock skew',
    () => defineStream({ name: 'x', from, dropLate: dropLate('10m', { maxClockSkew: '1h' }), sinks }),
    /which only pipelines read/,
  ],
  ['a join whose right side has no name', () => joined({ as: undefined }), /the right side of a join has a name/],
  ['a misspelt option of a join', () => joined({ widthin: { before: '1m' } }), /"widthin"/],
  [
    'a misspelt option of a side',
    () => joined({ left: { from, watermark: '1m' } }),
    /the side "left" of a join has an/,
  ],
  [
    'an aggregate called like a part of its row',
    () => defineStream({ name: 'x', from, ...counted, aggregates: { start: count() }, outputMode: 'update', sinks }),
    /BIFOLD_NAME_TAKEN/,
  ],
  [
    'a rate that is none',
    () => defineStream({ name: 'x', from: rate({ rowsPerSecond: 0.5 }), sinks }),
    /BIFOLD_BAD_LIMIT/,
  ],
  ['a name that is none', () => defineStream({ name: '../x', from, sinks }), /BIFOLD_BAD_NAME/],
  ['groups of nothing', () => defineStream({ name: 'x', from, groupBy: ['value'], sinks }), /BIFOLD_NO_AGGREGATE/],
  [
    'an option that is none',
    () => defineStream({ name: 'x', from, sinks, ...({ sink: 1 } as object) }),
    /"sink".+sinks/,
  ],
  ['a join without columns that are equal', () => joined({ on: {} }), /no columns that must be equal/],
  ['a join by an unknown column', () => joined({ on: { value: 'nothing' as never } }), /"nothing".+timestamp, value/],
  ['a join of a number with a time', () => joined({ on: { value: 'timestamp' } }), /value \(double\) and timestamp/],
  ['an outer join without a bound', () => joined({ type: 'left', within: undefined }), /type: left without within/],
  [
    'an outer join without lateness',
    () => joined({ type: 'full', left: { from }, right: { from } }),
    /type: full without dropLate/,
  ],
  ['a join with lateness of one side', () => joined({ left: { from } }), /no dropLate of "left"/],
  [
    'a join that compares times of which it has none',
    () => joined({ left: { from: kafka({ topic: 't', schema: Row }) }, on: { value: 'value' } as never }),
    /no eventTime of "left"/,
  ],
  [
    'a join of a join',
    () => joined({ left: { from: join({ ...sides, on: { value: 'value' } }) } as never }),
    /another join/,
  ],
  [
    'a join that updates',
    () => defineStream({ name: 'x', from: join({ ...sides, on: { value: 'value' } }), outputMode: 'update', sinks }),
    /join with outputMode: update/,
  ],
  [
    'lateness of joined rows',
    () =>
      defineStream({ name: 'x', from: join({ ...sides, on: { value: 'value' } }), dropLate: dropLate('1m'), sinks }),
    /eventTime and dropLate on the sides/,
  ],
  [
    'windows over a full join',
    () =>
      defineStream({ name: 'x', from: join({ ...sides, type: 'full', on: { value: 'value' } }), ...counted, sinks }),
    /BIFOLD_APPEND_WITHOUT_WATERMARK/,
  ],
  ['a union of one', () => defineStream({ name: 'x', from: union([from]), sinks }), /BIFOLD_BAD_UNION/],
  [
    'a union of different rows',
    () => defineStream({ name: 'x', from: union<unknown>([from, kafka({ topic: 't' })]), sinks }),
    /got key text, offset integer.+timestamp timestamp, value integer/,
  ],
])('%s is refused', (_, define, told) => {
  expect(define).toThrow(told);
});

it.each([
  [
    'a running total needs no time of its rows',
    () =>
      defineStream({
        name: 'x',
        from: kafka({ topic: 't' }),
        groupBy: ['topic'],
        windows: { all: running() },
        aggregates: { n: count() },
        outputMode: 'update',
        sinks,
      }),
  ],
  [
    'what changes goes where rows are upserted',
    () => defineStream({ name: 'x', from, ...counted, outputMode: 'update', sinks: [cassandra({ table: 'k.t' })] }),
  ],
])('%s', (_, define) => {
  expect(define().sinks).toHaveLength(1);
});

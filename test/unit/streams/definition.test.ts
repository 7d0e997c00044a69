import { count, field, running, session, tumbling } from '@bifold/core';
import { cassandra, console, defineStream, files, kafka, memory, rate, type Stream } from '@bifold/runner';
import { expect, it } from '@jest/globals';

const from = rate({ rowsPerSecond: 5 });
const counted = { groupBy: ['value'], windows: { minute: tumbling('1m') }, aggregates: { n: count() } } as const;
const sinks = [console()];

it.each<[string, () => Stream, RegExp]>([
  [
    'append without a watermark',
    () => defineStream({ name: 'x', from, ...counted, sinks }),
    /BIFOLD_APPEND_WITHOUT_WATERMARK/,
  ],
  [
    'append of a running total',
    () => defineStream({ name: 'x', from, ...counted, windows: { all: running() }, watermark: '1m', sinks }),
    /running\(\).+update or complete/,
  ],
  [
    'update of sessions',
    () => defineStream({ name: 'x', from, ...counted, windows: { visit: session('1m') }, outputMode: 'update', sinks }),
    /two sessions may become one/,
  ],
  ['complete of plain rows', () => defineStream({ name: 'x', from, outputMode: 'complete', sinks }), /no result table/],
  [
    'duplicates below complete',
    () => defineStream({ name: 'x', from, ...counted, dropDuplicates: ['value'], outputMode: 'complete', sinks }),
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
    /what is in a file stays/,
  ],
  [
    'a table in memory that would change',
    () => defineStream({ name: 'x', from, ...counted, outputMode: 'update', sinks: [memory('t')] }),
    /append or complete/,
  ],
  ['no sink', () => defineStream({ name: 'x', from, sinks: [] }), /BIFOLD_NO_SINK/],
  [
    'a condition that is none',
    () => defineStream({ name: 'x', from, where: field('value') as never, sinks }),
    /BIFOLD_NOT_BOOLEAN/,
  ],
  [
    'an unknown field',
    () => defineStream({ name: 'x', from, derive: { y: field('nothing').isNull() }, sinks }),
    /"nothing".+timestamp, value/,
  ],
  [
    'an unknown key of a record',
    () => defineStream({ name: 'x', from, sinks: [kafka({ topic: 't', key: 'id' })] }),
    /"id".+timestamp, value/,
  ],
  [
    'an unknown column of duplicates',
    () => defineStream({ name: 'x', from, dropDuplicates: ['id' as never], sinks }),
    /"id".+timestamp, value/,
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

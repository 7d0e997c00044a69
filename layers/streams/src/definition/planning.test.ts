import { count, definePipeline, dropLate, field, lookup, split, table, topic, tumbling } from '@bifold/core';
import { expect, it } from '@jest/globals';
import * as z from 'zod';
import { console, defineStream, files } from '../index.ts';

const Message = z.object({ at: z.iso.datetime(), author: z.string(), text: z.string() });
const authors = table('authors', { schema: z.object({ name: z.string(), year: z.int() }), key: 'name' });
const rows = {
  lookups: { writer: lookup(authors, { on: 'author', missing: 'drop' }) },
  flatMap: { word: split('text', ' ') },
  derive: { isOld: field('writer.year').lt(1900) },
  where: field('word').ne('the'),
};
const aggregation = { groupBy: ['word'], windows: { daily: tumbling('1d') }, aggregates: { words: count() } } as const;
const source = (schema: typeof Message) => files({ path: 'messages', format: 'json', schema });

it('a stream plans its rows and its aggregation as a pipeline does', () => {
  const from = topic('messages', { schema: Message, schemaVersion: 1, partitionBy: 'author', eventTime: 'at' });
  const { plan } = definePipeline({ name: 'words', from, ...rows, ...aggregation });
  const stream = defineStream({
    name: 'words',
    from: source(Message),
    eventTime: 'at',
    dropLate: dropLate('1h'),
    ...rows,
    ...aggregation,
    sinks: [console()],
  });
  const { columns, lookups, flatMap, derived, where } = plan;
  expect(stream.rows).toEqual({ columns, lookups, flatMap, derived, where });
  const { groupBy, windows, aggregates } = plan;
  expect(stream.aggregation).toEqual({ groupBy, windows, aggregates });
});

it('a stream without aggregates has rows alone, and no column that its source lacks', () => {
  const stream = defineStream({ name: 'messages', from: source(Message), sinks: [console()] });
  expect(stream.aggregation).toBeNull();
  expect(stream.rows.columns.map(({ name }) => name)).toEqual(['at', 'author', 'text']);
  expect(stream.output.map(({ name }) => name)).toEqual(['at', 'author', 'text']);
});

it('a stream names itself, and not a pipeline, where its rows are refused', () => {
  const define = () =>
    defineStream({ name: 'messages', from: source(Message), where: field('author') as never, sinks: [console()] });
  expect(define).toThrow(/stream "messages": `where` is not a boolean expression/);
});

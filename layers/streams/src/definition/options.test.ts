import { expect, it } from '@jest/globals';
import * as z from 'zod';
import {
  asSoonAsPossible,
  availableNow,
  cassandra,
  console,
  defineStream,
  files,
  foreach,
  join,
  kafka,
  once,
  processingTime,
  rate,
  type Trigger,
} from '../index.ts';

const schema = z.object({ value: z.int() });
const place = { path: '/tmp/rows', format: 'csv' } as const;
const from = rate();
const sinks = [console()];
/** Options that the compiler would refuse, as JavaScript passes them. */
const loose = (options: object) => options as never;

it.each<[string, () => unknown, RegExp]>([
  ['rate', () => rate(loose({ rowsPerSeconds: 5 })), /rate has an option.+"rowsPerSeconds".+rowsPerSecond/],
  ['kafka', () => kafka(loose({ topic: 't', startingOffset: 'earliest' })), /kafka has an option.+"startingOffset"/],
  ['a source of files', () => files(loose({ ...place, schema, maxFiles: 1 })), /files with a schema.+"maxFiles"/],
  [
    'a source of files that would be a sink',
    () => files(loose({ ...place, schema, partitionBy: ['value'] })),
    /"partitionBy"/,
  ],
  ['the CSV of files', () => files(loose({ ...place, schema, csv: { delimeter: ';' } })), /csv of files.+"delimeter"/],
  ['a sink of files', () => files(loose({ ...place, partitionedBy: ['value'] })), /a sink.+"partitionedBy"/],
  ['console', () => console(loose({ row: 5 })), /console has an option.+"row"/],
  ['cassandra', () => cassandra(loose({ table: 't', keyspace: 'k' })), /cassandra has an option.+"keyspace"/],
  ['foreach', () => foreach(() => undefined, loose({ end: () => undefined })), /foreach has an option.+"end"/],
  [
    'the bounds of a join',
    () => join({ left: from, right: from, as: 'r', on: { value: 'value' }, within: loose({ befor: '1m' }) }),
    /within of a join.+"befor"/,
  ],
])('a misspelt option of %s is refused', (_, define, message) => {
  expect(define).toThrow(message);
  expect(define).toThrow('BIFOLD_UNKNOWN_OPTION');
});

it.each([
  ['a function that was not called', once],
  ['a kind that does not exist', { kind: 'onec' }],
  ['a text', 'once'],
  ['null', null],
])('a trigger that is %s is refused', (_, trigger) => {
  expect(() => defineStream({ name: 'x', from, trigger: trigger as Trigger, sinks })).toThrow('BIFOLD_BAD_TRIGGER');
});

it.each([
  ['the default', undefined, { kind: 'asSoonAsPossible' }],
  ['asSoonAsPossible', asSoonAsPossible(), { kind: 'asSoonAsPossible' }],
  ['processingTime', processingTime('2s'), { kind: 'processingTime', intervalMs: 2_000 }],
  ['once', once(), { kind: 'once' }],
  ['availableNow', availableNow(), { kind: 'availableNow' }],
])('the trigger is plain data: %s', (_, trigger, data) => {
  expect(defineStream({ name: 'x', from, sinks, ...(trigger && { trigger }) }).trigger).toEqual(data);
});

it.each(['erliest', null, { timestamp: 'yesterday' }, { t: { 0: -1 } }, { t: { first: 1 } }, { t: 5 }])(
  'starting offsets that cannot be read are refused: %j',
  (startingOffsets) => {
    const define = () => defineStream({ name: 'x', from: kafka(loose({ topic: 't', startingOffsets })), sinks });
    expect(define).toThrow('BIFOLD_BAD_OFFSETS');
  },
);

it.each(['earliest', 'latest', { timestamp: '2013-07-04T00:00:00Z' }, { t: { 0: 5, 1: 0 } }])(
  'starting offsets are accepted: %j',
  (startingOffsets) => {
    expect(
      defineStream({ name: 'x', from: kafka(loose({ topic: 't', startingOffsets })), sinks }).source,
    ).toMatchObject({
      startingOffsets,
    });
  },
);

it.each([undefined, {}, { source: undefined }, { source: { kind: 'socket' } }])(
  'a source that does not exist is refused: %j',
  (source) => {
    expect(() => defineStream({ name: 'x', from: source as never, sinks })).toThrow(/BIFOLD_NO_SOURCE/);
  },
);

import { describe, expect, it } from '@jest/globals';
import { schemaOf } from '../definition/source/standard-schema.fixture.ts';
import { type Decoded, decoderOf } from '../engine.ts';
import { count, definePipeline, topic, tumbling } from '../index.ts';
import type { EventTime } from '../plan/column.ts';
import { epochMsSql, eventTimeReader } from './event-time.ts';
import { bytes } from './rides.fixture.ts';
import { TIME_LIMIT_MS, type Value } from './value.ts';

const inUnit = (unit: 's' | 'ms' | 'us'): EventTime => ({ kind: 'epoch', field: 'at', unit });

it.each<[string, EventTime, Value, number | null]>([
  ['a date-time is kept in milliseconds already', { kind: 'dateTime', field: 'at' }, 1_500, 1_500],
  ['seconds are multiplied', inUnit('s'), 1.5, 1_500],
  ['milliseconds stay', inUnit('ms'), 1_500, 1_500],
  ['microseconds are rounded down', inUnit('us'), 1_999, 1],
  ['microseconds before 1970 are rounded down too', inUnit('us'), -1_500, -2],
  ['negative zero becomes zero', inUnit('ms'), -0, 0],
  ['null is no time', inUnit('ms'), null, null],
  ['text is no time', inUnit('ms'), '1500', null],
  ['the last time of a JavaScript date is a time', inUnit('ms'), TIME_LIMIT_MS, TIME_LIMIT_MS],
  ['a later number is no time', inUnit('s'), TIME_LIMIT_MS, null],
])('%s', (_, eventTime, value, timeMs) => {
  expect(eventTimeReader(eventTime, 1)(['before', value])).toBe(timeMs);
});

it('SQL rounds microseconds down, as the reader does', () => {
  expect(epochMsSql('us', '"at"')).toBe('CAST(floor("at" / 1000) AS BIGINT)');
});

/** A library may call a text a date-time without looking: then the decoder must look. */
const loose = (
  eventTime: { field: string; unit: 's' | 'ms' | 'us' } | string,
  at: unknown,
): ReturnType<typeof decoderOf> => {
  const schema = schemaOf({ at, key: { type: 'string' } });
  const from = topic('loose', { schema, schemaVersion: 1, partitionBy: 'key' as never, eventTime: eventTime as never });
  return decoderOf(
    definePipeline({
      name: 'loose',
      from,
      groupBy: ['key' as never],
      windows: { w: tumbling('1h') },
      aggregates: { n: count() },
    }),
  );
};
const timeOf = (decoded: Decoded): unknown => (decoded.kind === 'event' ? decoded.timeMs : decoded.reason);

describe('event times', () => {
  it.each([
    { at: '2013-01-01T00:00:00Z', is: Date.UTC(2013, 0, 1) },
    { at: '2013-01-01t00:00:00z', is: Date.UTC(2013, 0, 1) },
    { at: '2013-01-01T00:00:00.5+01:30', is: Date.UTC(2012, 11, 31, 22, 30, 0, 500) },
    { at: '2013-01-01t00:00:00-05:00', is: Date.UTC(2013, 0, 1, 5) },
    { at: '2013-01-01T00:00:00.123999Z', is: Date.UTC(2013, 0, 1, 0, 0, 0, 123) },
    { at: '2012-02-29T00:00:00Z', is: Date.UTC(2012, 1, 29) },
    { at: '1969-12-31T23:59:59.999Z', is: -1 },
    { at: '0000-02-29T00:00:00Z', is: Date.parse('0000-02-29T00:00:00Z') },
    { at: '9999-12-31T23:59:59Z', is: Date.UTC(9999, 11, 31, 23, 59, 59) },
    { at: '2013-02-29T00:00:00Z', is: 'wrong-type' },
    { at: '1900-02-29T00:00:00Z', is: 'wrong-type' },
    { at: '2013-02-30T00:00:00Z', is: 'wrong-type' },
    { at: '2013-04-31T00:00:00Z', is: 'wrong-type' },
    { at: '2013-01-32T00:00:00Z', is: 'wrong-type' },
    { at: '2013-00-01T00:00:00Z', is: 'wrong-type' },
    { at: '2013-13-01T00:00:00Z', is: 'wrong-type' },
    { at: '2013-01-01T24:00:00Z', is: 'wrong-type' },
    { at: '2013-01-01T23:60:00Z', is: 'wrong-type' },
    { at: '2013-01-01T23:59:60Z', is: 'wrong-type' },
    { at: '2013-01-01T00:00:00+24:00', is: 'wrong-type' },
    { at: '2013-01-01T00:00:00', is: 'wrong-type' },
    { at: '2013-01-01', is: 'wrong-type' },
    { at: '2013-01-01 00:00:00Z', is: 'wrong-type' },
    { at: '+010000-01-01T00:00:00Z', is: 'wrong-type' },
    { at: 'Tue, 01 Jan 2013 00:00:00 GMT', is: 'wrong-type' },
    { at: '2013-01-01T00:00:00Z\n', is: 'wrong-type' },
    { at: '2013-01-01T00:00:00Z (UTC)', is: 'wrong-type' },
    { at: '', is: 'wrong-type' },
    { at: 1_356_998_400_000, is: 'wrong-type' },
    { at: null, is: 'wrong-type' },
  ])('the text $at is $is', ({ at, is }) => {
    expect(timeOf(loose('at', { type: 'string', format: 'date-time' })(bytes({ at, key: 'k' })))).toBe(is);
  });

  it('stands in any column', () => {
    const schema = schemaOf({ key: { type: 'string' }, when: { type: 'integer' } });
    const from = topic('when', {
      schema,
      schemaVersion: 1,
      partitionBy: 'key' as never,
      eventTime: { field: 'when', unit: 's' } as never,
    });
    const windows = { w: tumbling('1h') };
    const decoder = decoderOf(
      definePipeline({ name: 'when', from, groupBy: ['key' as never], windows, aggregates: { n: count() } }),
    );
    expect(timeOf(decoder(bytes({ key: 'k', when: 2 })))).toBe(2000);
  });

  it('is missing where a schema makes it optional', () => {
    const decoder = loose('at', { anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] });
    expect(decoder(bytes({ at: null, key: 'k' }))).toEqual({
      kind: 'poison',
      reason: 'bad-event-time',
      detail: 'at is not a time',
    });
    expect(timeOf(decoder(bytes({ key: 'k' })))).toBe('bad-event-time');
    // Nothing is not 1970.
    const epoch = loose({ field: 'at', unit: 's' }, { anyOf: [{ type: 'integer' }, { type: 'null' }] });
    expect(timeOf(epoch(bytes({ at: null, key: 'k' })))).toBe('bad-event-time');
  });

  it.each([
    { unit: 's', at: 0, is: 0 },
    { unit: 's', at: -1, is: -1000 },
    { unit: 's', at: 8.64e12, is: 8.64e15 },
    { unit: 's', at: -8.64e12, is: -8.64e15 },
    { unit: 's', at: 8.64e12 + 1, is: 'bad-event-time' },
    { unit: 's', at: Number.MAX_SAFE_INTEGER, is: 'bad-event-time' },
    { unit: 'ms', at: 8.64e15, is: 8.64e15 },
    { unit: 'ms', at: 8.64e15 + 1, is: 'bad-event-time' },
    { unit: 'ms', at: -8.64e15 - 1, is: 'bad-event-time' },
    { unit: 'us', at: 1999, is: 1 },
    { unit: 'us', at: -1, is: -1 },
    { unit: 'us', at: -1000, is: -1 },
    { unit: 'us', at: -1001, is: -2 },
    { unit: 'us', at: Number.MAX_SAFE_INTEGER, is: 9007199254740 },
    { unit: 'us', at: 9007199254739999, is: 9007199254739 },
    { unit: 'ms', at: 1.5, is: 'wrong-type' },
    { unit: 'ms', at: 2 ** 53, is: 'wrong-type' },
    { unit: 'ms', at: '5', is: 'wrong-type' },
    { unit: 'ms', at: null, is: 'wrong-type' },
  ] as const)('the number $at in $unit is $is', ({ unit, at, is }) => {
    expect(timeOf(loose({ field: 'at', unit }, { type: 'integer' })(bytes({ at, key: 'k' })))).toBe(is);
  });
});

import { expect, it } from '@jest/globals';
import type { EventTime } from '../plan/column.ts';
import { epochMsSql, eventTimeReader } from './event-time.ts';
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

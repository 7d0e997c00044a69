import { type Cursor, cursorText, QueryError } from '@bifold/core/engine';
import { airframes, delays } from '@bifold/example-flights';
import { describe, expect, it } from '@jest/globals';
import { parseQuery } from './parse-query.ts';

const ask = (parameters: Record<string, unknown>) => parseQuery(delays.plan, parameters);
const codeOf = (parameters: Record<string, unknown>): string => {
  try {
    ask(parameters);
  } catch (error) {
    if (error instanceof QueryError) return error.code;
    throw error;
  }
  return 'accepted';
};

const cursor: Cursor = {
  version: delays.plan.version,
  topicId: 'b7a9c0de-0000-4000-8000-000000000000',
  query: 'b7a9c0de',
  generation: 3,
  run: null,
  segments: [[0, 4, 17_000]],
  quarantined: { reasons: { 'not-json': 2 }, behind: [{ partition: 0, range: [16_384, 17_000] }] },
  bucket: 1,
  after: { key: '["UA","EWR"]', window: 'daily', startMs: 0 },
};

describe('parseQuery', () => {
  it('reads keys by name and by position, once each, in one canonical form', () => {
    const { keys } = ask({
      window: 'daily',
      key: ['{"origin":"EWR","carrier":"UA"}', '["UA","EWR"]', { carrier: 'AA', origin: 'JFK' }],
    });
    expect(keys).toEqual(['["UA","EWR"]', '["AA","JFK"]']);
  });

  it('reads times as ISO texts and as epoch milliseconds', () => {
    const { fromMs, toMs } = ask({ window: 'daily', from: '2013-01-01T00:00:00Z', to: 1357084800000 });
    expect([fromMs, toMs]).toEqual([1356998400000, 1357084800000]);
  });

  it('needs no window name where there is one only', () => {
    expect(parseQuery(airframes.plan, {}).window).toBe('weekly');
    expect(parseQuery(airframes.plan, { key: '[null]' }).keys).toEqual(['[null]']);
  });

  it('gives back the cursor that it gave', () => {
    expect(ask({ window: 'daily', cursor: cursorText(cursor) }).cursor).toEqual(cursor);
  });

  it.each([
    ['BIFOLD_UNKNOWN_PARAMETER', { window: 'daily', sort: 'asc' }],
    ['BIFOLD_UNKNOWN_WINDOW', {}],
    ['BIFOLD_UNKNOWN_WINDOW', { window: 'hourli' }],
    ['BIFOLD_BAD_KEY', { window: 'daily', key: '{"carrier":"UA"}' }],
    ['BIFOLD_BAD_KEY', { window: 'daily', key: '{"carrier":"UA","origin":"EWR","dest":"SFO"}' }],
    ['BIFOLD_BAD_KEY', { window: 'daily', key: '["UA","EWR","SFO"]' }],
    ['BIFOLD_BAD_KEY', { window: 'daily', key: '{"carrier":1,"origin":"EWR"}' }],
    ['BIFOLD_BAD_KEY', { window: 'daily', key: 'UA' }],
    ['BIFOLD_BAD_KEY', { window: 'daily', key: 'null' }],
    ['BIFOLD_BAD_KEY', { window: 'daily', key: '{"carrier":"\\ud800","origin":"EWR"}' }],
    ['BIFOLD_TOO_MANY_KEYS', { window: 'daily', keys: [] }],
    [
      'BIFOLD_TOO_MANY_KEYS',
      { window: 'daily', keys: Array.from({ length: 1001 }, (_, index) => [`C${index}`, 'EWR']) },
    ],
    ['BIFOLD_BAD_TIME', { window: 'daily', from: 'yesterday' }],
    ['BIFOLD_BAD_FLAG', { window: 'daily', total: 'yes' }],
    ['BIFOLD_BAD_LIMIT', { window: 'daily', limit: '0' }],
    ['BIFOLD_BAD_LIMIT', { window: 'daily', limit: '10001' }],
    ['BIFOLD_BAD_CURSOR', { window: 'daily', cursor: 'nonsense' }],
    ['BIFOLD_BAD_CURSOR', { window: 'daily', cursor: cursorText({ ...cursor, segments: [[0, -1, 5]] }) }],
    ['BIFOLD_BAD_CURSOR', { window: 'daily', cursor: cursorText({ ...cursor, quarantined: null as never }) }],
    ['BIFOLD_BAD_CURSOR', { window: 'daily', cursor: cursorText({ ...cursor, after: { key: 5 } as never }) }],
  ])('refuses with %s: %j', (code, parameters) => {
    expect(codeOf(parameters)).toBe(code);
  });
});

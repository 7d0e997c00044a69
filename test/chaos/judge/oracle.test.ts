import { describe, expect, it } from '@jest/globals';
import { Ledger } from '../stream/ledger.ts';
import type { StreamedEvent, View } from '../stream/views.ts';
import { meanOf, sumOf } from './exact.ts';
import { type Answer, faultsOf, type Question, type Row, reachOf } from './oracle.ts';
import { gapsIn, includes, union, upTo } from './ranges.ts';

const HOUR_MS = 3_600_000;

/** A view small enough to be counted by hand: how many, and how much in all. */
const view: View = {
  name: 'small',
  topic: 'small',
  groupBy: ['place'],
  windowsMs: { hourly: HOUR_MS },
  events: [],
  fold: (events) => ({ count: events.length, amount: sumOf(events.map(({ amount }) => Number(amount))) }),
};

const event = (place: string, hour: number, amount: number, poison: string | null = null): StreamedEvent => ({
  partitionKey: place,
  value: '{}',
  poison,
  group: JSON.stringify([place]),
  atMs: hour * HOUR_MS + 1,
  fields: { place, amount },
});

/** Partition 0: a 1, a 2, poison, a 4 an hour later; partition 1: b 8. */
function smallLedger(): Ledger {
  const ledger = new Ledger(2);
  ledger.append(0, 0, [event('a', 0, 1), event('a', 0, 2), event('a', 0, 0, 'not-json'), event('a', 1, 4)]);
  ledger.append(1, 0, [event('b', 0, 8)]);
  return ledger;
}

const row = (place: string, hour: number, count: number, amount: number, more: Partial<Row> = {}): Row => ({
  key: { place },
  window: { name: 'hourly', start: new Date(hour * HOUR_MS).toISOString(), end: null },
  values: { count, amount },
  ...more,
});

const query: Question = { window: 'hourly' };
const right: Answer = {
  isWhole: true,
  rows: [row('a', 0, 2, 3), row('a', 1, 1, 4), row('b', 0, 1, 8)],
  receipt: {
    generation: 0,
    run: null,
    coverage: { 0: [[0, 4]], 1: [[0, 1]] },
    gaps: {},
    offsets: { batch: 0, speed: 5 },
    quarantined: { reasons: { 'not-json': 1 }, behind: [] },
  },
};
const check = (answer: Answer, asked: Question = query) => faultsOf(view, smallLedger(), asked, answer);
const withReceipt = (changes: Partial<Answer['receipt']>, rows = right.rows): Answer => ({
  ...right,
  rows,
  receipt: { ...right.receipt, ...changes },
});

describe('the oracle', () => {
  it('finds nothing wrong with a right answer', () => {
    expect(check(right)).toEqual([]);
  });

  it.each<[string, Answer]>([
    ['counts twice', { ...right, rows: [row('a', 0, 3, 5), ...right.rows.slice(1)] }],
    ['loses an event', { ...right, rows: [row('a', 0, 1, 1), ...right.rows.slice(1)] }],
    ['is off by the last bit', { ...right, rows: [row('a', 0, 2, 3 + 2 ** -51), ...right.rows.slice(1)] }],
    ['lacks a row', { ...right, rows: right.rows.slice(1) }],
    ['has a row too many', { ...right, rows: [...right.rows, row('c', 0, 1, 1)] }],
    ['has a row twice', { ...right, rows: [...right.rows, row('b', 0, 1, 8)] }],
    ['miscounts the quarantine', withReceipt({ quarantined: { reasons: {}, behind: [] } })],
    ['hides a gap', withReceipt({ coverage: { 0: [[1, 4]], 1: [[0, 1]] } })],
    ['adds up its offsets wrongly', withReceipt({ offsets: { batch: 1, speed: 5 } })],
    [
      'has parts that do not add up',
      {
        ...right,
        rows: [
          row('a', 0, 2, 3, { parts: { batch: { count: 2, amount: 3 }, speed: { count: 1, amount: 1 } } }),
          ...right.rows.slice(1),
        ],
      },
    ],
  ])('sees an answer that %s', (_what, answer) => {
    expect(check(answer)).not.toEqual([]);
  });

  it('measures each row over the offsets that the receipt and the row name', () => {
    const receipt = { coverage: { 0: [[0, 1]] as const, 1: [[0, 1]] as const }, offsets: { batch: 0, speed: 2 } };
    const quarantined = { reasons: {}, behind: [] };
    const rows = [row('a', 0, 1, 1), row('b', 0, 1, 8)];
    expect(check(withReceipt({ ...receipt, quarantined }, rows))).toEqual([]);
    const ahead = [{ partition: 0, range: [1, 2] as const }];
    expect(check(withReceipt({ ...receipt, quarantined }, [row('a', 0, 2, 3, { ahead }), row('b', 0, 1, 8)]))).toEqual(
      [],
    );
    expect(check(withReceipt({ ...receipt, quarantined }, [row('a', 0, 2, 3), row('b', 0, 1, 8)]))).not.toEqual([]);
  });

  it('leaves out of a total what it is behind', () => {
    const total = { ...query, total: true, keys: [{ place: 'a' }] };
    const whole = { ...row('a', 0, 3, 7), window: { name: 'hourly', start: null, end: null } };
    expect(check({ ...right, rows: [whole] }, total)).toEqual([]);
    const behind = [{ partition: 0, range: [3, 4] as const }];
    expect(check({ ...right, rows: [{ ...whole, values: { count: 2, amount: 3 }, behind }] }, total)).toEqual([]);
    expect(check({ ...right, rows: [{ ...whole, values: { count: 3, amount: 7 }, behind }] }, total)).not.toEqual([]);
  });

  it('takes windows by their start, and keys, as they were asked for', () => {
    const later = { ...query, from: new Date(HOUR_MS).toISOString() };
    expect(check({ ...right, rows: [row('a', 1, 1, 4)] }, later)).toEqual([]);
    expect(check(right, later)).not.toEqual([]);
    expect(check({ ...right, rows: [row('b', 0, 1, 8)] }, { ...query, keys: [{ place: 'b' }] })).toEqual([]);
  });

  it('asks for no rows beyond the pages that were read', () => {
    expect(check({ ...right, isWhole: false, rows: right.rows.slice(0, 1) })).toEqual([]);
  });

  it('knows the farthest offset that an answer names', () => {
    const ahead = [{ partition: 1, range: [1, 7] as const }];
    expect([...reachOf({ ...right, rows: [row('a', 0, 2, 3, { ahead })] })]).toEqual([
      [0, 4],
      [1, 7],
    ]);
  });
});

describe('the ledger', () => {
  it('refuses a broker that lost records, or wrote them twice', () => {
    const ledger = smallLedger();
    expect(() => ledger.append(0, 3, [event('a', 0, 1)])).toThrow('behind 4 acknowledged ones');
    expect(() => ledger.append(0, 5, [event('a', 0, 1)])).toThrow('behind 4 acknowledged ones');
  });

  it('passes holes that transactions leave: the next record comes behind them, and no answer need cover the last one', () => {
    const ledger = smallLedger();
    ledger.passHoles(0, 5);
    expect([ledger.ends(), ledger.next()]).toEqual([
      [4, 1],
      [5, 1],
    ]);
    expect(() => ledger.append(0, 4, [event('a', 0, 1)])).toThrow('behind 5 acknowledged ones');
    ledger.append(0, 5, [event('a', 0, 1)]);
    expect(ledger.ends()).toEqual([6, 1]);
  });
});

describe('ranges', () => {
  it('tell what is included, joined, and missing', () => {
    expect(includes({ 0: [[0, 10]] }, { 0: [[2, 10]] })).toBe(true);
    expect(includes({ 0: [[0, 10]] }, { 0: [[2, 11]] })).toBe(false);
    expect(includes({}, { 1: [[0, 1]] })).toBe(false);
    expect(union({ 0: [[0, 3]] }, { 0: [[3, 5]], 1: [[0, 1]] })).toEqual({ 0: [[0, 5]], 1: [[0, 1]] });
    expect(
      gapsIn({
        0: [
          [0, 3],
          [5, 6],
        ],
        1: [[1, 2]],
      }),
    ).toEqual({ 0: [[3, 5]], 1: [[0, 1]] });
    expect(upTo([3, 0, 2])).toEqual({ 0: [[0, 3]], 2: [[0, 2]] });
  });
});

describe('exact sums', () => {
  it('are rounded once, to the nearest double', () => {
    expect(sumOf([1e16, 1, -1e16])).toBe(1);
    expect(sumOf([0.1, 0.2, 0.3])).toBe(0.6);
    expect(sumOf([2 ** 53, 1])).toBe(2 ** 53);
    expect(sumOf([2 ** 53, 1, 2 ** -30])).toBe(2 ** 53 + 2);
    expect(sumOf([2 ** 53, 3])).toBe(2 ** 53 + 4);
    expect(sumOf([-0.5, 0.25])).toBe(-0.25);
    expect(sumOf([])).toBe(0);
    expect(meanOf([1, 2])).toBe(1.5);
    expect(meanOf([1, 1, 0])).toBe(2 / 3);
    expect(meanOf([-1e300, 1e300, 3])).toBe(1);
    expect(meanOf([])).toBe(null);
  });
});

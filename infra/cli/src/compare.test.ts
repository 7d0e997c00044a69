import { count, definePipeline, type FoldedRow, rowAlgebrasOf, rowId, sum, topic, tumbling } from '@bifold/core';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { AnswerRow } from './api.ts';
import { compareQuarantine, compareWindow, sameValues } from './compare.ts';

const events = topic('events', {
  schema: z.object({ at: z.iso.datetime(), key: z.string(), size: z.number().nullable() }),
  schemaVersion: 1,
  partitionBy: 'key',
  eventTime: 'at',
});
const { plan } = definePipeline({
  name: 'sizes',
  from: events,
  groupBy: ['key'],
  windows: { hourly: tumbling('1h'), daily: tumbling('1d') },
  aggregates: { events: count(), size: sum('size') },
});
const { view } = rowAlgebrasOf(plan);
const present = (row: FoldedRow) => view.present(row.states);
const start = Date.UTC(2013, 0, 1);

const folded = (key: string, events: number): FoldedRow => {
  const states = view.aggregates.map(({ kind }, index) =>
    kind === 'count'
      ? Array.from({ length: events }).reduce((state) => view.algebras[index]?.add(state, 1), view.empty[index])
      : view.empty[index],
  );
  return { key: JSON.stringify([key]), window: 'hourly', startMs: start, states };
};
const answered = (key: string, values: AnswerRow['values'], more: Partial<AnswerRow> = {}): AnswerRow => ({
  key: { key },
  window: { name: 'hourly', start: new Date(start).toISOString(), end: null },
  values,
  ...more,
});
const two = present(folded('a', 2));
const coverage = { 0: [[0, 10]] } as const;

describe('an answer and the plain fold', () => {
  it('are equal when every row is', () => {
    const compared = compareWindow(plan, 'hourly', [answered('a', two)], coverage, [folded('a', 2)], present);
    expect(compared).toEqual({ differences: [], deviating: [] });
  });

  it('differ where a row is missing, too many, or different', () => {
    const rows = [answered('a', { ...two, events: 3 }), answered('b', two)];
    const { differences } = compareWindow(plan, 'hourly', rows, coverage, [folded('a', 2), folded('c', 2)], present);
    expect(differences.map(({ kind, key }) => [kind, key.key])).toEqual([
      ['different', 'a'],
      ['missing', 'c'],
      ['extra', 'b'],
    ]);
  });

  it('are compared in one window only', () => {
    const other = { ...folded('z', 1), window: 'daily' };
    expect(compareWindow(plan, 'hourly', [], coverage, [other], present).differences).toEqual([]);
  });

  it('set rows aside that cover other offsets than the receipt', () => {
    const row = answered('a', two, { ahead: [{ partition: 0, range: [10, 12] }] });
    const { differences, deviating } = compareWindow(plan, 'hourly', [row], coverage, [folded('a', 1)], present);
    expect(differences).toEqual([]);
    expect(deviating).toEqual([
      { coverage: { 0: [[0, 12]] }, rows: new Map([[rowId('hourly', start, '["a"]'), row]]) },
    ]);
  });
});

it('values are the same bit for bit, as JSON carries them', () => {
  expect(sameValues({ a: 0.1, b: null }, { a: 0.1, b: null })).toBe(true);
  expect(sameValues({ a: 0.1 }, { a: 0.1 + Number.EPSILON })).toBe(false);
  expect(sameValues({ a: 0, b: null }, { a: -0, b: Number.NaN })).toBe(true);
  expect(sameValues({ a: null }, { b: null })).toBe(false);
});

it('quarantine counts are compared reason by reason', () => {
  expect(compareQuarantine({ invalid: 1, tombstone: 0 }, { invalid: 1 })).toEqual([]);
  const [difference] = compareQuarantine({}, { 'not-json': 2 });
  expect(difference).toMatchObject({ kind: 'quarantine', key: { reason: 'not-json' }, recomputed: { records: 2 } });
});

import { type AnswerRow, type FoldedRow, rowAlgebrasOf, rowId } from '@bifold/core/engine';
import { delays } from '@bifold/example-flights';
import { describe, expect, it } from '@jest/globals';
import { compareQuarantine, compareWindow, sameValues } from './compare.ts';

const { plan } = delays;
const { view } = rowAlgebrasOf(plan);
const present = (row: FoldedRow) => view.present(row.states);
const start = Date.UTC(2013, 0, 1);

/** A row in which only `flights` has counted anything. */
const folded = (carrier: string, flights: number): FoldedRow => {
  const states = view.aggregates.map(({ name }, index) =>
    Array.from({ length: name === 'flights' ? flights : 0 }).reduce(
      (state) => view.algebras[index]?.add(state, 1),
      view.empty[index],
    ),
  );
  return {
    key: JSON.stringify([carrier, 'EWR']),
    window: 'hourly',
    startMs: start,
    endMs: null,
    states,
    batch: null,
    speed: states,
  };
};
const answered = (carrier: string, values: AnswerRow['values'], more: Partial<AnswerRow> = {}): AnswerRow => ({
  key: { carrier, origin: 'EWR' },
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
    const rows = [answered('a', { ...two, flights: 3 }), answered('b', two)];
    const { differences } = compareWindow(plan, 'hourly', rows, coverage, [folded('a', 2), folded('c', 2)], present);
    expect(differences.map(({ kind, key }) => [kind, key.carrier])).toEqual([
      ['different', 'a'],
      ['missing', 'c'],
      ['extra', 'b'],
    ]);
  });

  it('name the window of a row that is missing; of one that runs for ever there is no start', () => {
    const hourly = compareWindow(plan, 'hourly', [], coverage, [folded('c', 2)], present);
    expect(hourly.differences).toMatchObject([{ window: 'hourly', start: '2013-01-01T00:00:00.000Z' }]);
    const running = { ...plan, windows: plan.windows.map((each) => ({ ...each, kind: 'running' }) as typeof each) };
    const ever = compareWindow(running, 'hourly', [], coverage, [folded('c', 2)], present);
    expect(ever.differences).toMatchObject([{ window: 'hourly', start: null, key: { carrier: 'c', origin: 'EWR' } }]);
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
      { coverage: { 0: [[0, 12]] }, rows: new Map([[rowId('hourly', start, '["a","EWR"]'), row]]) },
    ]);
  });
});

it('values are the same bit for bit, as JSON carries them', () => {
  expect(sameValues({ a: 0.1, b: null }, { a: 0.1, b: null })).toBe(true);
  expect(sameValues({ a: 0.1 }, { a: 0.1 + Number.EPSILON })).toBe(false);
  expect(sameValues({ a: 0, b: null }, { a: -0, b: Number.NaN })).toBe(true);
  expect(sameValues({ a: null }, { b: null })).toBe(false);
  const top = [{ value: 'x', count: 2 }];
  expect(sameValues({ a: top, b: [1, -0] }, { a: [{ count: 2, value: 'x' }], b: [1, 0] })).toBe(true);
  expect(sameValues({ a: top }, { a: [{ value: 'x', count: 3 }] })).toBe(false);
  expect(sameValues({ a: [1, 2] }, { a: [2, 1] })).toBe(false);
});

it('quarantine counts are compared reason by reason', () => {
  expect(compareQuarantine({ invalid: 1, tombstone: 0 }, { invalid: 1 })).toEqual([]);
  const [difference] = compareQuarantine({}, { 'not-json': 2 });
  expect(difference).toMatchObject({ kind: 'quarantine', key: { reason: 'not-json' }, recomputed: { records: 2 } });
});

import type { AnswerRow } from '@bifold/core/engine';
import { expect, it } from '@jest/globals';
import { changeText } from './answer-text.ts';
import { WatchedRows } from './watching.ts';

const row = (id: number, values: AnswerRow['values'], start: string | null = null): AnswerRow => ({
  key: { id },
  window: { name: 'all', start, end: null },
  values,
});
const plan = { groupBy: ['id'] } as never;

it('tells what is new, changed and gone since the answer before', () => {
  const watched = new WatchedRows();
  expect(watched.update([])).toEqual([]);
  const first = watched.update([row(1, { n: 1, score: null }), row(2, { n: 5, score: 0.5 })]);
  expect(first.map((change) => changeText(plan, change))).toEqual(['+ 1  n 1, score -', '+ 2  n 5, score 0.50']);
  expect(watched.update([row(1, { n: 1, score: null }), row(2, { n: 5, score: 0.5 })])).toEqual([]);
  const second = watched.update([row(2, { n: 6, score: 0.5 }), row(3, { n: 1, score: 2 })]);
  expect(second.map((change) => changeText(plan, change))).toEqual(['~ 2  n 5 -> 6', '+ 3  n 1, score 2', '- 1']);
});

it('holds rows of one key apart by their windows, and lists for what they hold', () => {
  const watched = new WatchedRows();
  const days = ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z'];
  watched.update(days.map((day) => row(1, { top: [1, 2] as never }, day)));
  const changes = watched.update(days.map((day, index) => row(1, { top: [1, 2 + index] as never }, day)));
  expect(changes.map((change) => changeText(plan, change))).toEqual(['~ 1 2026-01-02  top [1,2] -> [1,3]']);
});

it('shows of more rows than fit those that changed last, in the order of the answer', () => {
  const watched = new WatchedRows();
  const rows = (changed: number) => Array.from({ length: 10 }, (_, id) => row(id, { n: id === changed ? 99 : 1 }));
  watched.update(rows(-1));
  watched.update(rows(7));
  watched.update(rows(2));
  expect(watched.latest(2).map(({ key }) => key.id)).toEqual([2, 7]);
  expect(watched.latest(10)).toHaveLength(10);
});

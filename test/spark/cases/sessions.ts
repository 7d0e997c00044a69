import { count, distinct, session, sum } from '@bifold/core';
import { randomOf } from '../../simulation/random.ts';
import type { Case } from '../case.ts';
import { drawEvents, type Event, FIRST_MS, linesOf, MINUTE_MS, viewOf } from '../events.ts';

const GAP_MS = 10 * MINUTE_MS;
const eventAt = (at: number, n: number): Event => ({ at, key: 'a', n, x: null, flag: null, word: null });
const visits = viewOf(session('10m'), { n_all: count(), total: sum('n'), words: distinct('word') });

/** The end of a session, and the merge of two sessions. */
export function sessionCases(seed: number): readonly Case[] {
  const apart = (distanceMs: number) => [eventAt(FIRST_MS, 1), eventAt(FIRST_MS + distanceMs, 2)];
  const draw = (name: string) => linesOf(drawEvents(randomOf(seed, name), { count: 200 }));
  const byThree = (lines: readonly string[]) => [lines.slice(0, 70), lines.slice(70, 140), lines.slice(140)];
  return [
    { name: 'session: two events exactly a gap apart', pipeline: visits, batches: [linesOf(apart(GAP_MS))] },
    {
      name: 'session: two events exactly a gap apart, in two batches',
      pipeline: visits,
      batches: apart(GAP_MS).map((event) => linesOf([event])),
    },
    {
      name: 'session: two events a gap and a millisecond apart',
      pipeline: visits,
      batches: [linesOf(apart(GAP_MS + 1))],
    },
    {
      name: 'session: two sessions, joined by a late event',
      pipeline: visits,
      batches: [
        linesOf([eventAt(FIRST_MS, 1), eventAt(FIRST_MS + GAP_MS + 1, 2)]),
        linesOf([eventAt(FIRST_MS + MINUTE_MS, 4)]),
      ],
    },
    {
      name: 'session: late and duplicate events, in three batches',
      pipeline: visits,
      batches: byThree([...draw('late sessions').slice(0, 180), ...draw('late sessions').slice(0, 20)]),
    },
  ];
}

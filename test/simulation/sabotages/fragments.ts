import { type FragmentRow, rowId, type Scope, type SpeedStore } from '@bifold/core/engine';
import type { Stage } from '../ports/index.ts';
import { arrivalsOf } from './arrivals.ts';
import type { Sabotage } from './sabotage.ts';

/** Rules 1 and 2: a fragment is a function of a prefix, written at its position in the log. */
export const FRAGMENT_SABOTAGES: readonly Sabotage[] = [
  {
    name: 'last-offset-ignored',
    rule: 1,
    breaks: 'a record at or below `lastOffset` is folded again',
    fold: (fold) => ({
      ...fold,
      rows: {
        ...fold.rows,
        of: (window) => {
          const algebra = fold.rows.of(window);
          return {
            ...algebra,
            decodeFragment: (cell) => ({ lastOffset: -1, states: algebra.decodeFragment(cell).states }),
          };
        },
      },
    }),
  },
  {
    name: 'fragments-by-wall-clock',
    rule: 2,
    breaks: 'the last fragment to arrive wins, as with timestamps of the wall clock',
    speed: (store, _, stage, scope) => byArrival(store, stage, scope),
  },
  {
    name: 'progress-by-wall-clock',
    rule: 2,
    breaks: 'the last progress to arrive wins',
    speed: (store, _, stage, { version, topicId }) => {
      const latest = arrivalsOf<number>(stage, 'progress');
      const id = (partition: number, segment: number) => [version, topicId, partition, segment].join('|');
      return {
        ...store,
        writeProgress: async (partition, segment, next) => {
          await store.writeProgress(partition, segment, next);
          latest.set(id(partition, segment), next);
        },
        readProgress: async (partition, from, to) => {
          const read = await store.readProgress(partition, from, to);
          return new Map(Array.from(read, ([segment, next]) => [segment, latest.get(id(partition, segment)) ?? next]));
        },
      };
    },
  },
  {
    name: 'no-read-repair',
    rule: 2,
    breaks: 'what a reader saw on one replica may be gone for the next one',
    readRepair: false,
  },
];

function byArrival(store: SpeedStore, stage: Stage, { version, topicId }: Scope): SpeedStore {
  const latest = arrivalsOf<FragmentRow>(stage, 'fragments');
  const id = (partition: number, segment: number, { window, startMs, key }: FragmentRow) =>
    [version, topicId, partition, segment, rowId(window, startMs, key)].join('|');
  return {
    ...store,
    writeFragments: async (partition, segment, rows) => {
      await Promise.all(
        rows.map(async (row) => {
          await store.writeFragments(partition, segment, [row]);
          latest.set(id(partition, segment, row), row);
        }),
      );
    },
    readSegment: async (partition, segment) =>
      (await store.readSegment(partition, segment)).map((row) => latest.get(id(partition, segment, row)) ?? row),
    scan: async function* (partition, segment, ...of) {
      for await (const row of store.scan(partition, segment, ...of))
        yield latest.get(id(partition, segment, row)) ?? row;
    },
  };
}

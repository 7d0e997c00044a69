import { type LogRecord, QUARANTINE_WINDOW } from '@bifold/core/engine';
import type { Sabotage } from './sabotage.ts';

/** Rules 14 to 16: bad records, the coverage of an answer, and an unfiltered mapping. */
export const RECORD_SABOTAGES: readonly Sabotage[] = [
  {
    name: 'poison-dropped',
    rule: 14,
    breaks: 'the speed layer leaves bad records out of the count',
    speed: (store) => ({
      ...store,
      writeFragments: (partition, segment, rows) =>
        store.writeFragments(
          partition,
          segment,
          rows.filter(({ window }) => window !== QUARANTINE_WINDOW),
        ),
    }),
  },
  {
    name: 'quarantine-before-progress',
    rule: 14,
    breaks: 'progress is written while quarantine entries are still on their way',
    speed: (store) => ({
      ...store,
      writeQuarantine: async (entries) => {
        store.writeQuarantine(entries).catch(() => undefined);
      },
    }),
  },
  {
    name: 'ahead-not-said',
    rule: 15,
    breaks: 'a row whose `lastOffset` lies beyond progress is given as if it covered the receipt alone',
    answer: (answer) => ({ ...answer, rows: answer.rows.map(({ ahead: _, ...row }) => row) }),
  },
  {
    name: 'fragments-below-the-cut',
    rule: 15,
    breaks: 'a segment that the run covers is added from its fragments as well',
    batch: (store, role) =>
      role === 'query'
        ? {
            ...store,
            readPointer: async (consistency) => {
              const pointer = await store.readPointer(consistency);
              const lower = (cuts: Readonly<Record<string, number>>) =>
                Object.fromEntries(Object.entries(cuts).map(([name, cut]) => [name, Math.max(0, cut - 1)]));
              return {
                ...pointer,
                current: pointer.current && { ...pointer.current, cuts: lower(pointer.current.cuts) },
              };
            },
          }
        : store,
  },
  {
    name: 'mapping-with-a-filter',
    rule: 16,
    breaks: 'the mapping drops records in the middle of a batch',
    delivery: (delivery) =>
      new Map(Array.from(delivery, ([partition, records]) => [partition, withoutMiddle(records)])),
  },
];

function withoutMiddle(records: readonly LogRecord[]): readonly LogRecord[] {
  return records.filter(({ offset }, index) => index === 0 || index === records.length - 1 || offset % 3 !== 0);
}

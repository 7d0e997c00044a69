import { segmentStart } from '@bifold/core/engine';
import type { Sabotage } from './sabotage.ts';

/** Rule 5: progress of a segment, and segments that stay closed. */
export const PROGRESS_SABOTAGES: readonly Sabotage[] = [
  {
    name: 'progress-before-fragments',
    rule: 5,
    breaks: 'progress is written while fragments are still on their way',
    speed: (store) => ({
      ...store,
      writeFragments: async (partition, segment, rows) => {
        store.writeFragments(partition, segment, rows).catch(() => undefined);
      },
    }),
  },
  {
    name: 'lost-segments-left-open',
    rule: 5,
    breaks: 'a restored view counts progress of segments of which records are lost',
    speed: (store, role) => (role === 'restore' ? { ...store, closeSegment: async () => undefined } : store),
  },
  {
    name: 'progress-as-one-number',
    rule: 5,
    breaks: 'progress in a segment vouches for the segment before it too',
    speed: (store, _, { segmentSize }) => ({
      ...store,
      writeProgress: async (partition, segment, next) => {
        if (segment > 0) await store.writeProgress(partition, segment - 1, segmentStart(segment, segmentSize));
        await store.writeProgress(partition, segment, next);
      },
    }),
  },
  {
    name: 'log-not-asked',
    rule: 5,
    breaks: 'what is missing below a batch is taken for a hole',
    log: (log, role) =>
      role === 'speed' ? { ...log, read: async (_, __, to) => ({ records: [], end: to, logStart: 0 }) } : log,
  },
  {
    name: 'closed-segment-written',
    rule: 5,
    breaks: 'a segment whose beginning the log no longer has is opened all the same',
    log: (log, role) =>
      role === 'speed' ? { ...log, read: async (...of) => ({ ...(await log.read(...of)), logStart: 0 }) } : log,
  },
];

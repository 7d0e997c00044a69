import { NO_WATERMARK_MS } from '@bifold/core/engine';
import type { Sabotage } from './sabotage.ts';

/** Rule 6: watermarks, lateness and finality. */
export const WATERMARK_SABOTAGES: readonly Sabotage[] = [
  {
    name: 'marks-of-batches-alone',
    rule: 6,
    breaks: 'the watermark is stored where batches end, and not where segments do: less is called final than is',
    operatorState: (store, role) =>
      role !== 'speed'
        ? store
        : {
            ...store,
            write: async (partition, some) => {
              const last = some.findLast(({ id }) => id.startsWith('watermark|'));
              await store.write(
                partition,
                some.filter((one) => one === last || !one.id.startsWith('watermark|')),
              );
            },
          },
  },
  {
    name: 'final-by-half-a-log',
    rule: 6,
    breaks: 'a row is called final by the watermark of one partition, while others are behind',
    operatorState: (store, role) =>
      role !== 'query'
        ? store
        : {
            ...store,
            read: async (partition, wanted) =>
              (await store.read(partition, wanted)).map((one) =>
                partition > 0 && one.id.startsWith('watermark|') ? { ...one, timeMs: one.timeMs + 1_000 } : one,
              ),
          },
  },
  {
    name: 'clock-of-the-batch',
    rule: 6,
    breaks: 'what is late is decided by the clock of the batch, as if nothing had come before it',
    fold: (fold) => {
      if (fold.statefulStage?.late == null) return fold;
      const { late } = fold.statefulStage;
      let lastMs = Number.POSITIVE_INFINITY;
      return {
        ...fold,
        statefulStage: {
          ...fold.statefulStage,
          // A clock that was handed over from elsewhere is not this one's.
          late: {
            after: (watermarkMs, event, timestampMs) => {
              lastMs = late.after(watermarkMs === lastMs ? watermarkMs : NO_WATERMARK_MS, event, timestampMs);
              return lastMs;
            },
            isLate: (watermarkMs, event) => watermarkMs === lastMs && late.isLate(watermarkMs, event),
          },
        },
      };
    },
  },
];

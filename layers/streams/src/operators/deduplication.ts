import { keyText, type Slots, slotIndex, type Value } from '@bifold/core/engine';
import type { PlannedBatch } from '../checkpoint/checkpoint.ts';
import type { StateChanges } from '../checkpoint/state.ts';
import type { Stream } from '../definition/stream.ts';

/** The result for a row: the first of its key, a duplicate, or too late to decide. */
export type Admission = 'first' | 'duplicate' | 'late';

export interface Deduplication {
  load(key: string, value: string): void;
  admit(slots: Slots, timeMs: number | null, planned: PlannedBatch): Admission;
  finish(planned: PlannedBatch): StateChanges;
}

/**
 * Passes the first row of each key. With a watermark, a key is dropped once the watermark passes
 * the event time of its first row plus the delay, as in Spark's `dropDuplicatesWithinWatermark`.
 * Later rows are dropped as late, so no row passes twice. Without a watermark, keys are kept
 * forever.
 */
export function deduplicationOf({ dropDuplicates, latenessMs, rows }: Stream): Deduplication {
  const index = slotIndex(rows);
  const slotsOfKey = (dropDuplicates?.by ?? []).map((name) => index.get(name) as number);
  /** The event time until which a key is remembered; null without end. Epoch milliseconds. */
  const keys = new Map<string, number | null>();
  let added = new Set<string>();
  return {
    load: (key, value) => void keys.set(key, JSON.parse(value)),

    admit(slots, timeMs, { lateBelowMs }) {
      if (latenessMs !== null && lateBelowMs !== null && timeMs !== null && timeMs <= lateBelowMs) return 'late';
      const key = keyText(slotsOfKey.map((slot) => slots[slot] as Value));
      if (keys.has(key)) return 'duplicate';
      keys.set(key, latenessMs === null || timeMs === null ? null : timeMs + latenessMs);
      added.add(key);
      return 'first';
    },

    finish({ watermarkMs }) {
      const changes = new Map<string, string | null>();
      for (const key of added) changes.set(key, JSON.stringify(keys.get(key)));
      added = new Set();
      if (watermarkMs === null) return changes;
      for (const [key, untilMs] of keys) {
        if (untilMs === null || untilMs > watermarkMs) continue;
        keys.delete(key);
        changes.set(key, null);
      }
      return changes;
    },
  };
}

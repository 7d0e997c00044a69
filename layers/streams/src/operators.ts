import type { Slots, Value } from '@bifold/core/engine';
import type { PlannedBatch } from './checkpoint/checkpoint.ts';
import type { StateChanges } from './checkpoint/state.ts';

/**
 * An operator with state between batches. It receives every row of a batch, and then returns its
 * output rows.
 */
export interface Operator {
  load(key: string, value: string): void;
  /** Adds a row. Returns false, and ignores the row, if it is late. */
  add(slots: Slots, timeMs: number, planned: PlannedBatch): boolean;
  /** The output rows of the batch, and the changes of its state. */
  finish(
    planned: PlannedBatch,
  ): Promise<{ readonly rows: readonly (readonly Value[])[]; readonly changes: StateChanges }>;
}

/**
 * The batch as seen by the operators after one that delays rows: its watermarks are lower by that
 * time.
 */
export function delayed<P extends Pick<PlannedBatch, 'watermarkMs' | 'lateBelowMs'>>(planned: P, holdMs: number): P {
  const earlier = (timeMs: number | null) => (timeMs === null ? null : timeMs - holdMs);
  return { ...planned, watermarkMs: earlier(planned.watermarkMs), lateBelowMs: earlier(planned.lateBelowMs) };
}

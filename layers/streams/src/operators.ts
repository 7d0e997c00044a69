import type { Slots, Value } from '@bifold/core/engine';
import type { PlannedBatch } from './checkpoint/checkpoint.ts';
import type { StateChanges } from './checkpoint/state.ts';

/**
 * An operator that keeps state between batches: an aggregation. Every row of a batch goes in, then
 * the batch's rows come out.
 */
export interface Operator {
  load(key: string, value: string): void;
  /** False: the row came too late, and nothing of it was taken. */
  add(slots: Slots, timeMs: number, planned: PlannedBatch): boolean;
  /** The rows that the batch gives, and what it changed of the state. */
  finish(
    planned: PlannedBatch,
  ): Promise<{ readonly rows: readonly (readonly Value[])[]; readonly changes: StateChanges }>;
}

/** The same batch, for what comes after an operator that keeps rows back for so long. */
export function delayed<P extends Pick<PlannedBatch, 'watermarkMs' | 'lateBelowMs'>>(planned: P, holdMs: number): P {
  const earlier = (timeMs: number | null) => (timeMs === null ? null : timeMs - holdMs);
  return { ...planned, watermarkMs: earlier(planned.watermarkMs), lateBelowMs: earlier(planned.lateBelowMs) };
}

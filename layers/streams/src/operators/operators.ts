import type { Slots, Value } from '@bifold/core/engine';
import type { PlannedBatch } from '../checkpoint/checkpoint.ts';
import type { StateChanges } from '../checkpoint/state.ts';

/** The rows that an operator emits at the end of a batch, and the changes of its state. */
export interface OperatorOutput {
  readonly rows: readonly (readonly Value[])[];
  readonly changes: StateChanges;
}

/**
 * An operator with state between batches. It receives every row of a batch, and then returns its
 * output rows.
 */
export interface Operator {
  load(key: string, value: string): void;
  /** False: the row is late, and was not added. */
  add(slots: Slots, timeMs: number, planned: PlannedBatch): boolean;
  finish(planned: PlannedBatch): Promise<OperatorOutput>;
}

/** The same batch, for operators after one that holds rows back for up to `delayMs`. */
export function delayed<P extends Pick<PlannedBatch, 'watermarkMs' | 'lateBelowMs'>>(planned: P, delayMs: number): P {
  const earlier = (timeMs: number | null) => (timeMs === null ? null : timeMs - delayMs);
  return { ...planned, watermarkMs: earlier(planned.watermarkMs), lateBelowMs: earlier(planned.lateBelowMs) };
}

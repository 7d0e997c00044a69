import type { Value } from '../records/value.ts';

/**
 * That an id came at an offset of a partition, with its event time: 0 where time does not matter.
 */
export interface StateEntry {
  readonly id: string;
  readonly timeMs: number;
  readonly offset: number;
  /** What came, where others are joined with it. */
  readonly values?: readonly Value[];
}

/** The operator state of an id in `[fromMs, toMs]`. */
export interface StateRange {
  readonly id: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * What came before, for views that look back (rule 10). Every entry is true of the log for ever, so
 * that one that is written late, twice or by a writer that is long replaced can do no harm; what is
 * asked must only not be missing anything.
 */
export interface OperatorStateStore {
  /**
   * All operator state of each id with a time in `[fromMs, toMs]` that a quorum has acknowledged,
   * and perhaps others.
   */
  read(partition: number, wanted: readonly StateRange[]): Promise<readonly StateEntry[]>;
  write(partition: number, operatorState: readonly StateEntry[]): Promise<void>;
}

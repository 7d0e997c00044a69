import type { Value } from '../records/value.ts';

/**
 * An id that occurred at an offset of a partition, with its event time: 0 if time does not matter.
 */
export interface StateEntry {
  readonly id: string;
  readonly timeMs: number;
  readonly offset: number;
  /** The values of the event, if a join needs them later. */
  readonly values?: readonly Value[];
}

/** The operator state of an id in `[fromMs, toMs]`. */
export interface StateRange {
  readonly id: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * The operator state of earlier offsets (rule 10). Every entry is a permanent fact about the log.
 * So a late, repeated or zombie write is harmless. Only a missing entry causes a wrong result.
 */
export interface OperatorStateStore {
  /**
   * At least all operator state of each id with a time in `[fromMs, toMs]` that a quorum has
   * acknowledged.
   */
  read(partition: number, wanted: readonly StateRange[]): Promise<readonly StateEntry[]>;
  write(partition: number, operatorState: readonly StateEntry[]): Promise<void>;
}

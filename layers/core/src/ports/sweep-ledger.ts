/**
 * The progress of the sweeper, so that it does not write the same tombstones again. A lost mark
 * costs work, never a row.
 */
export interface SweepLedger {
  /** Fragments of the segments `[0, below)` of a partition are deleted. */
  sweptBelow(partition: number): Promise<number>;
  markSwept(partition: number, below: number): Promise<void>;
}

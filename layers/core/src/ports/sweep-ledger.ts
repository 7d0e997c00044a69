/**
 * How far the sweeper got, so that it does not lay the same tombstones again. Losing a mark costs
 * work, never a row.
 */
export interface SweepLedger {
  /** Fragments of the segments `[0, below)` of a partition are deleted. */
  sweptBelow(partition: number): Promise<number>;
  markSwept(partition: number, below: number): Promise<void>;
}

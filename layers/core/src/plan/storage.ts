export interface StoragePlan {
  /**
   * Offsets per segment. Small segments let a generation cover more of the log; large ones make
   * fewer rows.
   */
  readonly segmentSize: SegmentSize;
  /** Hash buckets of keys, in the speed table and in the batch table alike. */
  readonly buckets: number;
}

/** A number is the size of every segment. */
export type SegmentSize = number | GrowingSize;

/**
 * Segments that grow with the offset. A generation then covers nearly all of a log of any length.
 * The first segments have `least` offsets. Later ones have 1/`share` of the offsets below them,
 * rounded down to a power of two, but at most `most`.
 */
export interface GrowingSize {
  /** A power of two, like `most`. */
  readonly least: number;
  readonly most: number;
  readonly share: number;
}

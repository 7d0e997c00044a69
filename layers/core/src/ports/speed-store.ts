import type { RowPosition } from './scope.ts';

/**
 * A row of the speed table: the state of one (key, window) over a prefix of one segment. `cell`
 * holds `lastOffset` and the states in one canonical blob.
 */
export interface FragmentRow {
  readonly key: string;
  readonly window: string;
  readonly startMs: number;
  /** Offset of the last record folded into it; also its write timestamp. */
  readonly lastOffset: number;
  readonly cell: Uint8Array;
}

/** The rows of a view that a query reads; null means all. */
export interface RowFilter {
  /** Canonical key texts. */
  readonly keys: readonly string[] | null;
  /** Name of one window kind; null reads all of them. */
  readonly window: string | null;
  /** `[fromMs, toMs)` over window starts. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

export interface QuarantineEntry {
  readonly partition: number;
  readonly offset: number;
  readonly segment: number;
  readonly reason: string;
  readonly detail: string;
  readonly timestampMs: number;
  /** At most 8 KiB of the value; the record itself is in the archive. */
  readonly payload: Uint8Array | null;
  readonly payloadSizeBytes: number;
  readonly payloadSha256: string;
}

/**
 * Fragments, progress, quarantine. All writes carry their log position as the write timestamp and
 * are acknowledged by LOCAL_QUORUM; a promise that resolves means that the write is acknowledged.
 * After a rejection the outcome is unknown: the write may still apply later.
 */
export interface SpeedStore {
  /** Partitions that the speed layer has seen, ascending. */
  partitions(): Promise<readonly number[]>;
  registerPartition(partition: number): Promise<void>;
  /**
   * Progress of the segments `[from, to)` that have any (`to` null: all from there on), ascending:
   * the offset up to which each is complete from its first.
   */
  readProgress(partition: number, from: number, to: number | null): Promise<ReadonlyMap<number, number>>;
  writeProgress(partition: number, segment: number, next: number): Promise<void>;
  /**
   * Permanently resets the progress of a segment to its first offset. Writes by others, even later
   * ones, have no effect on it.
   */
  closeSegment(partition: number, segment: number): Promise<void>;
  /** Every fragment of a segment, all buckets. */
  readSegment(partition: number, segment: number): Promise<readonly FragmentRow[]>;
  writeFragments(partition: number, segment: number, rows: readonly FragmentRow[]): Promise<void>;
  /**
   * Rows of one bucket of one segment that match, in the order of `RowPosition`, strictly after
   * `after` if given.
   */
  scan(
    partition: number,
    segment: number,
    bucket: number,
    filter: RowFilter,
    after: RowPosition | null,
  ): AsyncIterable<FragmentRow>;
  writeQuarantine(entries: readonly QuarantineEntry[]): Promise<void>;
  listQuarantine(partition: number, fromSegment: number, limit: number): Promise<readonly QuarantineEntry[]>;
  /**
   * Deletes the fragments of the segments `[fromSegment, belowSegment)`. Only the sweeper calls it.
   * The tombstones have the log position of the last offset as their timestamp.
   */
  deleteFragmentsBelow(partition: number, fromSegment: number, belowSegment: number): Promise<void>;
}

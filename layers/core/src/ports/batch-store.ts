import type { RowPosition } from './scope.ts';
import type { RowFilter } from './speed-store.ts';

/**
 * A row of the batch table: the state of one (key, window) over all offsets that the run covers.
 */
export interface BatchRow {
  readonly key: string;
  readonly window: string;
  readonly startMs: number;
  readonly cell: Uint8Array;
}

export interface RunEntry {
  readonly run: string;
  readonly generation: number;
}

/** The coverage of one batch run, as the pointer names it. */
export interface PublishedRun {
  readonly run: string;
  /**
   * The generation that this run was built as: its rows' write timestamp. After a rollback it is
   * lower than the pointer's.
   */
  readonly runGeneration: number;
  /** Per partition, the first segment that it does not cover. */
  readonly cuts: Readonly<Record<string, number>>;
  /**
   * Ranges `[start, end)` below the cuts that retention deleted before they were archived. Normally
   * empty.
   */
  readonly lost: Readonly<Record<string, readonly (readonly [number, number])[]>>;
  readonly publishedAtMs: number;
}

/**
 * The pointer row: moved by compare-and-set alone. Generation 0 means that nothing was published.
 */
export interface Pointer {
  readonly generation: number;
  readonly current: PublishedRun | null;
  readonly previous: PublishedRun | null;
}

export interface BatchStore {
  /** `serial` reads at LOCAL_SERIAL: for jobs and the sweeper, and after a timeout. */
  readPointer(consistency: 'serial' | 'quorum'): Promise<Pointer>;
  /**
   * Moves the pointer if it still names the generation and the run of `expected`. Returns false if
   * another writer moved it first. The generation alone is not enough: an emptied database counts
   * from 1 again.
   */
  publish(expected: Pointer, next: Pointer): Promise<boolean>;
  /**
   * Like `publish`, but the generation may grow by more than one. Used to restore an emptied
   * database.
   */
  restorePointer(expected: Pointer, restored: Pointer): Promise<boolean>;
  /** Registers a run for the sweeper, before its first row is written. */
  registerRun(entry: RunEntry): Promise<void>;
  listRuns(): Promise<readonly RunEntry[]>;
  writeRows(entry: RunEntry, rows: readonly BatchRow[]): Promise<void>;
  scan(run: string, bucket: number, filter: RowFilter, after: RowPosition | null): AsyncIterable<BatchRow>;
  /** Only the sweeper calls it. */
  deleteRun(entry: RunEntry): Promise<void>;
}

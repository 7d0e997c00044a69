import type { SealedSnapshot } from '../query/read-snapshot.ts';

/**
 * The port of the alias of a view. It is separate, because its types contain plans and read
 * snapshots.
 */

/** The public name of a view over one topic id. */
export interface ViewName {
  readonly pipeline: string;
  readonly topicId: string;
}

/**
 * Names the version of a view that answers (rule 3). It moves only by compare-and-set. While `next`
 * is set, the current version answers only up to `sealed`. So no answer covers more than the next
 * version must cover to take over.
 */
export interface ViewAlias {
  /** Grows by one with each move. */
  readonly generation: number;
  /** The version that answers. */
  readonly current: string;
  /** The version that answered before `current`. Cursors may still name it. */
  readonly previous: string | null;
  /** The version that was deployed last, if it does not answer yet. */
  readonly next: string | null;
  /**
   * The limit of the current version's answers during a handover. Null before it is known, and
   * without a handover.
   */
  readonly sealed: SealedSnapshot | null;
}

/** The alias of one view. */
export interface AliasStore {
  /** Null before the first deployment. Every later read sees a move that returned true. */
  read(): Promise<ViewAlias | null>;
  /**
   * Moves the alias if its generation is still that of `expected`; null expects none. Returns false
   * if another writer moved it first.
   */
  move(expected: ViewAlias | null, next: ViewAlias): Promise<boolean>;
}

import type { SealedSnapshot } from '../query/read-snapshot.ts';

/**
 * The ports of an alias, apart from the others: they name plans and read snapshots, which are made
 * of what those hold.
 */

/** A view by its public name, over one topic, by its id. */
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
  /** The one that answered before it: cursors may still name it. */
  readonly previous: string | null;
  /** The version that was deployed last, if it does not answer yet. */
  readonly next: string | null;
  /**
   * The end of the current version's answers during a handover; null before it is known, and
   * outside of one.
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

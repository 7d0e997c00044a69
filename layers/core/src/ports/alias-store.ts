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
 * Which version of a view answers (rule 3): moved by compare-and-set alone. While `next` is named,
 * the current version answers from `sealed` and no further, so that no answer can cover more than
 * what the next version must cover to take over.
 */
export interface ViewAlias {
  /** Grows by one with each move. */
  readonly generation: number;
  /** The version that answers. */
  readonly current: string;
  /** The one that answered before it: cursors may still name it. */
  readonly previous: string | null;
  /** The version that was deployed last, where it does not answer yet. */
  readonly next: string | null;
  /**
   * Where the current version's answers end during a handover; null before it is known, and outside
   * of one.
   */
  readonly sealed: SealedSnapshot | null;
}

/** The alias of one view. */
export interface AliasStore {
  /**
   * Null before the first deployment. What a move that returned true has written, every later read
   * sees.
   */
  read(): Promise<ViewAlias | null>;
  /**
   * Moves the alias if its generation is still that of `expected`; null expects none. False:
   * somebody else moved it.
   */
  move(expected: ViewAlias | null, next: ViewAlias): Promise<boolean>;
}

/**
 * The ports: the services that the protocol needs, one file per store. Adapters implement them over
 * real services; the simulation uses memory fakes, which pass the same contract suites. Every store
 * is opened for one scope, so that every key contains the view version and the topic id.
 */

/** The parts of every stored key: the version of the view, and the topic id (a UUID). */
export interface Scope {
  readonly version: string;
  readonly topicId: string;
}

/**
 * Position of a row in the order of `(key, window, startMs)`, keys compared by their UTF-8 bytes.
 */
export interface RowPosition {
  readonly key: string;
  readonly window: string;
  readonly startMs: number;
}

/** The wall clock, in epoch milliseconds. No stored state depends on it. */
export type Clock = () => number;

/** A fresh, unguessable id per attempt. */
export type IdSource = () => string;

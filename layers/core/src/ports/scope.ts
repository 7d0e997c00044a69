/**
 * The ports: what the protocol needs of its surroundings, one file a store. Adapters make them real;
 * memory fakes stand for them in simulation, held to the real thing by one contract suite. Every
 * store is opened for one scope, so that no key can be written without view version and topic id.
 */

/** What every stored key carries: the version of the view, and the topic id (a UUID). */
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

/** Epoch milliseconds: the only clock, and never part of a state. */
export type Clock = () => number;

/** A fresh, unguessable id per attempt. */
export type IdSource = () => string;

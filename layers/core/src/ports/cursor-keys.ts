/**
 * The secrets that cursors are sealed with, one for each period. All functions of a database share
 * them; none ever changes.
 */
export interface CursorKeys {
  /** The key of a period; null when there is none. */
  read(period: number): Promise<Uint8Array | null>;
  /** Stores a key unless the period has one already; returns the key that stands. */
  create(period: number, key: Uint8Array): Promise<Uint8Array>;
}

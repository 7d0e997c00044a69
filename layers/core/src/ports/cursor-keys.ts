/**
 * The secret keys that seal cursors, one per period. All functions of a database share them. A key
 * never changes.
 */
export interface CursorKeys {
  /** The key of a period; null when there is none. */
  read(period: number): Promise<Uint8Array | null>;
  /** Stores a key, unless the period has one already. Returns the stored key. */
  create(period: number, key: Uint8Array): Promise<Uint8Array>;
}

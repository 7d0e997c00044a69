import type { Value } from '../records/value.ts';

/** Lookup tables outside the database. Not scoped: pipelines share them. */
export interface LookupArchive {
  /** Stores a whole version, and records it as the current one. Idempotent. */
  keep(table: string, version: string, rows: ReadonlyMap<string, Readonly<Record<string, Value>>>): Promise<void>;
  current(table: string): Promise<string | null>;
  versions(table: string): Promise<readonly string[]>;
  rows(table: string, version: string): Promise<ReadonlyMap<string, Readonly<Record<string, Value>>>>;
}

/**
 * Lookup tables: whole, immutable versions, and a pointer to the current one. Not scoped: pipelines
 * share them.
 */
export interface LookupStore {
  currentVersion(table: string): Promise<string | null>;
  /**
   * Whether a version is complete. The mark of a complete version is written after its last row.
   */
  isWhole(table: string, version: string): Promise<boolean>;
  /**
   * The rows of these keys (canonical key texts). Keys without a row are absent from the result.
   * @throws when the version is not whole: a row that is missing would be taken for a key without
   * one
   */
  rows(
    table: string,
    version: string,
    keys: readonly string[],
  ): Promise<ReadonlyMap<string, Readonly<Record<string, Value>>>>;
  /** @throws when the version is not whole */
  allRows(table: string, version: string): AsyncIterable<readonly [string, Readonly<Record<string, Value>>]>;
  /**
   * Writes all rows of a version, then marks it as whole. Idempotent: a version is the hash of its
   * rows.
   */
  write(table: string, version: string, rows: ReadonlyMap<string, Readonly<Record<string, Value>>>): Promise<void>;
  /** Writes a version and makes it the current one. */
  load(table: string, version: string, rows: ReadonlyMap<string, Readonly<Record<string, Value>>>): Promise<void>;
}

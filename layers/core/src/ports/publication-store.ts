import type { Pointer } from './batch-store.ts';

/**
 * The published pointers, recorded in the archive. The record outlives the database, so it
 * distinguishes an emptied database from a new one.
 */
export interface PublicationStore {
  /** The newest recorded pointer; null when none is recorded. */
  newest(): Promise<Pointer | null>;
  /** Records a published pointer. Created only if absent, so repeating it is harmless. */
  record(pointer: Pointer): Promise<void>;
}

import type { Pointer } from './batch-store.ts';

/**
 * Which pointers were published, in the archive. It outlives the database, so it can tell an empty
 * one from a new one.
 */
export interface PublicationStore {
  /** The newest recorded pointer; null when none is recorded. */
  newest(): Promise<Pointer | null>;
  /** Records a published pointer. Created only if absent, so repeating it is harmless. */
  record(pointer: Pointer): Promise<void>;
}

/**
 * The versions of a model that are in use. It moves only by compare-and-set. Generation 0 means
 * that none was ever promoted.
 */
export interface ModelPointer {
  readonly generation: number;
  readonly current: string | null;
  readonly previous: string | null;
  /** A version that scores beside the current one, in separate columns. */
  readonly challenger: string | null;
}

/**
 * Models: whole, immutable versions of files, and a pointer for each name. Not scoped: pipelines
 * share them.
 */
export interface ModelRegistry {
  names(): Promise<readonly string[]>;
  /**
   * The complete versions, ordered by name. The manifest is written last, so a version with a
   * manifest is complete.
   */
  versions(name: string): Promise<readonly string[]>;
  /**
   * Stores the files of a folder as a version, including `manifest.json`. Returns false, and
   * changes nothing, if the version exists.
   */
  create(name: string, version: string, folder: string): Promise<boolean>;
  /**
   * A file of a complete version. Null if there is no such file.
   * @throws when it is larger, or is not what its manifest says
   */
  read(name: string, version: string, file: string, mostBytes: number): Promise<Uint8Array | null>;
  readPointer(name: string): Promise<ModelPointer>;
  /** The newest pointer that is recorded beside the versions. Null if none is. */
  recordedPointer(name: string): Promise<ModelPointer | null>;
  /**
   * Restores the recorded pointer if the database has none. Returns false if it has one, or if none
   * is recorded.
   */
  restorePointer(name: string): Promise<boolean>;
  /**
   * Moves the pointer if its generation is still `expected.generation`, and records it. Returns
   * false if another writer moved it first.
   */
  movePointer(name: string, expected: ModelPointer, next: ModelPointer): Promise<boolean>;
}

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
   * Versions that are whole, in the order of their names: their manifest is there, which is written
   * last.
   */
  versions(name: string): Promise<readonly string[]>;
  /**
   * Stores a folder's files as a version, `manifest.json` among them. False: there is such a
   * version already, and it stays as it is.
   */
  create(name: string, version: string, folder: string): Promise<boolean>;
  /**
   * A file of a whole version; null when there is no such file.
   * @throws when it is larger, or is not what its manifest says
   */
  read(name: string, version: string, file: string, mostBytes: number): Promise<Uint8Array | null>;
  readPointer(name: string): Promise<ModelPointer>;
  /** The newest pointer that is recorded beside the versions; null when none is. */
  recordedPointer(name: string): Promise<ModelPointer | null>;
  /**
   * Stores the recorded pointer where the database has none. False: it has one, or none is
   * recorded.
   */
  restorePointer(name: string): Promise<boolean>;
  /**
   * Moves the pointer if its generation is still `expected.generation`, and records it. Returns
   * false if another writer moved it first.
   */
  movePointer(name: string, expected: ModelPointer, next: ModelPointer): Promise<boolean>;
}

/**
 * One file of the archive's chain: it covers `[start, end)` of a partition. `lost` marks a range
 * that retention deleted before it was archived.
 */
export interface ArchiveFile {
  readonly partition: number;
  readonly start: number;
  readonly end: number;
  readonly lost: boolean;
  readonly path: string;
}

/** The archive: per partition a chain of immutable objects, each created only if absent. */
export interface ArchiveStore {
  /** The chain from offset 0, each file starting where the one before it ends. */
  chain(partition: number): Promise<readonly ArchiveFile[]>;
  /** The end of the chain: the offset at which the next file starts. 0 if there is none. */
  frontier(partition: number): Promise<number>;
  partitions(): Promise<readonly number[]>;
  /**
   * Creates the file that starts at `start`. Returns false if another writer created it first;
   * continue from the frontier.
   */
  append(file: Omit<ArchiveFile, 'path'>, localPath: string): Promise<boolean>;
  /** Copies a file of the chain to the local disk. */
  fetch(file: ArchiveFile, localPath: string): Promise<void>;
}

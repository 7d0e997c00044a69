/** A file of a remote folder. */
export interface RemoteFile {
  /** Relative to the folder, with `/` between its parts. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/** A folder of HDFS, or the objects under a prefix of a bucket. */
export interface RemoteFolder {
  /**
   * All files in the folder and its subfolders, ordered by path. Null if there is no such folder.
   * If the path is a file, the list has only this file.
   */
  list(): Promise<readonly RemoteFile[] | null>;
  fetch(path: string, localPath: string): Promise<void>;
  /** Writes a file atomically, and replaces one that exists. */
  put(path: string, localPath: string): Promise<void>;
  close(): void;
}

/** Whether an address names a folder of HDFS or of a bucket, not a local one. */
export function isRemote(address: string): boolean {
  return /^((s?web)?hdfs|s3):\/\//.test(address);
}

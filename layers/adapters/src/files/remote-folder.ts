/** A file of a folder that is not of this machine. */
export interface RemoteFile {
  /** From the folder on, its parts with `/` between them. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/** A folder of HDFS, or what stands below a prefix of a bucket. */
export interface RemoteFolder {
  /**
   * All files in it and in its subfolders, in the order of their paths; null when there is no such
   * folder. A path to one file is a folder of it alone.
   */
  list(): Promise<readonly RemoteFile[] | null>;
  fetch(path: string, localPath: string): Promise<void>;
  /** Puts a file there whole, at once, in the place of one that may be there. */
  put(path: string, localPath: string): Promise<void>;
  close(): void;
}

/** Whether it names a folder of HDFS or of a bucket, and not one of this machine. */
export function isRemote(address: string): boolean {
  return /^((s?web)?hdfs|s3):\/\//.test(address);
}

/** The Parquet files of the views of a run. */
export interface ViewStore {
  put(run: string, name: string, localPath: string): Promise<string>;
  /** Only the sweeper calls it. */
  deleteRun(run: string): Promise<void>;
}

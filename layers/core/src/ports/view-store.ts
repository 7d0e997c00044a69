/** Objects of a run: its views as Parquet. */
export interface ViewStore {
  put(run: string, name: string, localPath: string): Promise<string>;
  /** For the sweeper alone. */
  deleteRun(run: string): Promise<void>;
}

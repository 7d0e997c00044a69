/** One record of the log, as bytes. `value` is null for a tombstone. */
export interface LogRecord {
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly LogHeader[];
}

export interface LogHeader {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** A range of one partition, from one fetch. */
export interface LogSlice {
  readonly records: readonly LogRecord[];
  /**
   * All committed records of `[from, end)` are in `records`; other offsets in it are holes (control
   * records, aborted transactions).
   */
  readonly end: number;
  /**
   * The log's start, read **after** the fetch. Missing offsets are holes only if this is at or
   * below the start of the slice; otherwise retention may have deleted them.
   */
  readonly logStart: number;
}

/** The log, read by offset and without a consumer group. Reads are read_committed. */
export interface Log {
  /** The current id of the topic at the broker, as a UUID. Null if there is no such topic. */
  topicId(): Promise<string | null>;
  partitions(): Promise<readonly number[]>;
  /** `[start, end)`: the first offset kept, and the last stable offset. */
  bounds(partition: number): Promise<{ readonly start: number; readonly end: number }>;
  /**
   * Reads about `maxBytes` of `[from, to)`, but at least one record or hole if there is one. `end`
   * is the end of the returned range.
   */
  read(partition: number, from: number, to: number, maxBytes: number): Promise<LogSlice>;
  close(): Promise<void>;
}

/** A record that a relay copies into a partition of the repartition topic. */
export type RelayedRecord = Omit<LogRecord, 'offset'>;

/** The log of a pipeline with a relay, as the relay writes it. */
export interface LogWriter {
  /**
   * Resolves when the broker has acknowledged all records. After a rejection, some of them may have
   * been appended.
   */
  append(records: readonly RelayedRecord[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * The ports: what the protocol needs of the world, as interfaces. Adapters make them real; memory
 * fakes stand for them in simulation, held to the real thing by one contract suite. Every store is
 * opened for one scope, so that no key can be written without view version and topic id.
 */
import type { Value } from '../records/value.ts';

/** What every stored key carries: the version of the view, and the topic id (a UUID). */
export interface Scope {
  readonly version: string;
  readonly topicId: string;
}

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

/** A stretch of one partition, as the broker gave it. */
export interface LogSlice {
  readonly records: readonly LogRecord[];
  /**
   * All committed records of `[from, end)` are in `records`; other offsets in it are holes (control
   * records, aborted transactions).
   */
  readonly end: number;
  /**
   * The log's start, read **after** the fetch: a hole counts as one only if this is at or below
   * where the slice begins.
   */
  readonly logStart: number;
}

/** The log, read by offset and without a consumer group. Reads are read_committed. */
export interface Log {
  /** The broker's id of the topic now, as a UUID; null when there is no such topic. */
  topicId(): Promise<string | null>;
  partitions(): Promise<readonly number[]>;
  /** `[start, end)`: the first offset kept, and the last stable offset. */
  bounds(partition: number): Promise<{ readonly start: number; readonly end: number }>;
  /**
   * At least one record or hole of `[from, to)` when there is one, at most about `maxBytes`; `end`
   * tells how far it got.
   */
  read(partition: number, from: number, to: number, maxBytes: number): Promise<LogSlice>;
  close(): Promise<void>;
}

/** A record that a relay brings to a partition of the pipeline's log. */
export type RelayedRecord = Omit<LogRecord, 'offset'>;

/** The log of a pipeline with a relay, as the relay writes it. */
export interface LogWriter {
  /**
   * Resolves when all records are in the log for good; one that rejects may have appended some of
   * them.
   */
  append(records: readonly RelayedRecord[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * A row of the speed table: the state of one (key, window) over a prefix of one segment. `cell`
 * holds `lastOffset` and the states in one canonical blob.
 */
export interface FragmentRow {
  readonly key: string;
  readonly window: string;
  readonly startMs: number;
  /** Offset of the last record folded into it; also its write timestamp. */
  readonly lastOffset: number;
  readonly cell: Uint8Array;
}

/** Which rows of a view a question touches; null means all. */
export interface RowFilter {
  /** Canonical key texts. */
  readonly keys: readonly string[] | null;
  /** Name of one window kind; null reads all of them. */
  readonly window: string | null;
  /** `[fromMs, toMs)` over window starts. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

/**
 * Position of a row in the order of `(key, window, startMs)`, keys compared by their UTF-8 bytes.
 */
export interface RowPosition {
  readonly key: string;
  readonly window: string;
  readonly startMs: number;
}

export interface QuarantineEntry {
  readonly partition: number;
  readonly offset: number;
  readonly segment: number;
  readonly reason: string;
  readonly detail: string;
  readonly timestampMs: number;
  /** At most 8 KiB of the value; the record itself is in the archive. */
  readonly payload: Uint8Array | null;
  readonly payloadSizeBytes: number;
  readonly payloadSha256: string;
}

/**
 * Fragments, progress, quarantine. All writes carry their log position as the write timestamp and
 * are acknowledged by LOCAL_QUORUM; a promise that resolves means acknowledged, one that rejects
 * means nothing (the write may apply later).
 */
export interface SpeedStore {
  /** Partitions that the speed layer has seen, ascending. */
  partitions(): Promise<readonly number[]>;
  registerPartition(partition: number): Promise<void>;
  /**
   * Progress of the segments `[from, to)` that have any (`to` null: all from there on), ascending:
   * the offset up to which each is complete from its first.
   */
  readProgress(partition: number, from: number, to: number | null): Promise<ReadonlyMap<number, number>>;
  writeProgress(partition: number, segment: number, next: number): Promise<void>;
  /**
   * Sets progress of a segment back to its first offset, for good: what others write there, now or
   * later, does not count.
   */
  closeSegment(partition: number, segment: number): Promise<void>;
  /** Every fragment of a segment, all buckets. */
  readSegment(partition: number, segment: number): Promise<readonly FragmentRow[]>;
  writeFragments(partition: number, segment: number, rows: readonly FragmentRow[]): Promise<void>;
  /**
   * Rows of one bucket of one segment that match, in the order of `RowPosition`, strictly after
   * `after` if given.
   */
  scan(
    partition: number,
    segment: number,
    bucket: number,
    filter: RowFilter,
    after: RowPosition | null,
  ): AsyncIterable<FragmentRow>;
  writeQuarantine(entries: readonly QuarantineEntry[]): Promise<void>;
  listQuarantine(partition: number, fromSegment: number, limit: number): Promise<readonly QuarantineEntry[]>;
  /**
   * For the sweeper alone: drops the fragments of the segments `[0, belowSegment)` with tombstones
   * at the log position of their last offset.
   */
  deleteFragmentsBelow(partition: number, fromSegment: number, belowSegment: number): Promise<void>;
}

/**
 * That an id came at an offset of a partition, with its event time: 0 where time does not matter.
 */
export interface StateEntry {
  readonly id: string;
  readonly timeMs: number;
  readonly offset: number;
  /** What came, where others are joined with it. */
  readonly values?: readonly Value[];
}

/** The operator state of an id in `[fromMs, toMs]`. */
export interface StateRange {
  readonly id: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * What came before, for views that look back (rule 10). Every entry is true of the log for ever, so
 * that one that is written late, twice or by a writer that is long replaced can do no harm; what is
 * asked must only not be missing anything.
 */
export interface OperatorStateStore {
  /**
   * All operator state of each id with a time in `[fromMs, toMs]` that a quorum has acknowledged,
   * and perhaps others.
   */
  read(partition: number, wanted: readonly StateRange[]): Promise<readonly StateEntry[]>;
  write(partition: number, operatorState: readonly StateEntry[]): Promise<void>;
}

/** A row of the batch table: the state of one (key, window) over all that the run covers. */
export interface BatchRow {
  readonly key: string;
  readonly window: string;
  readonly startMs: number;
  readonly cell: Uint8Array;
}

export interface RunEntry {
  readonly run: string;
  readonly generation: number;
}

/** What one run of the batch layer covers, as the pointer names it. */
export interface PublishedRun {
  readonly run: string;
  /**
   * The generation that this run was built as: its rows' write timestamp. After a rollback it is
   * lower than the pointer's.
   */
  readonly runGeneration: number;
  /** Per partition, the first segment that it does not cover. */
  readonly cuts: Readonly<Record<string, number>>;
  /**
   * Ranges `[start, end)` below the cuts that retention took before the archive did. Normally
   * empty.
   */
  readonly lost: Readonly<Record<string, readonly (readonly [number, number])[]>>;
  readonly publishedAtMs: number;
}

/**
 * The pointer row: moved by compare-and-set alone. Generation 0 means that nothing was published.
 */
export interface Pointer {
  readonly generation: number;
  readonly current: PublishedRun | null;
  readonly previous: PublishedRun | null;
}

export interface BatchStore {
  /** `serial` reads at LOCAL_SERIAL: for jobs and the sweeper, and after a timeout. */
  readPointer(consistency: 'serial' | 'quorum'): Promise<Pointer>;
  /**
   * Moves the pointer if its generation is still `expected.generation`. False: somebody else moved
   * it.
   */
  publish(expected: Pointer, next: Pointer): Promise<boolean>;
  /** As `publish`, with a generation that may leap: for a database that was emptied. */
  restorePointer(expected: Pointer, restored: Pointer): Promise<boolean>;
  /** Makes a run known to the sweeper, before its first row. */
  registerRun(entry: RunEntry): Promise<void>;
  listRuns(): Promise<readonly RunEntry[]>;
  writeRows(entry: RunEntry, rows: readonly BatchRow[]): Promise<void>;
  scan(run: string, bucket: number, filter: RowFilter, after: RowPosition | null): AsyncIterable<BatchRow>;
  /** For the sweeper alone. */
  deleteRun(entry: RunEntry): Promise<void>;
}

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

/**
 * How far the sweeper got, so that it does not lay the same tombstones again. Losing a mark costs
 * work, never a row.
 */
export interface SweepLedger {
  /** Fragments of the segments `[0, below)` of a partition are deleted. */
  sweptBelow(partition: number): Promise<number>;
  markSwept(partition: number, below: number): Promise<void>;
}

/** Versions of lookup tables and of models, bound once per segment (rule 13). */
/** The version of a lookup table, or of a model, that a segment of one partition is folded with. */
export interface Binding {
  readonly segment: number;
  /** Of the lookup, or of the model as `model:<name>`. */
  readonly name: string;
  readonly version: string;
}

export interface BindingStore {
  /**
   * Binds each of these versions unless its segment has one already. Returns the versions that
   * stand, in the order asked.
   */
  bind(partition: number, wanted: readonly Binding[]): Promise<readonly string[]>;
  /** The bindings of a partition's segments `[from, to)`: segment -> lookup name -> version. */
  list(partition: number, from: number, to: number | null): Promise<ReadonlyMap<number, ReadonlyMap<string, string>>>;
}

export interface ArchivedBinding extends Binding {
  readonly partition: number;
}

/** Bindings in the archive: they outlive the database. */
export interface BindingArchive {
  /** As the store's. */
  bind(partition: number, wanted: readonly Binding[]): Promise<readonly string[]>;
  all(): Promise<readonly ArchivedBinding[]>;
}

/** Lookup tables outside the database. Not scoped: pipelines share them. */
export interface LookupArchive {
  /** Keeps a whole version, and says that it is the current one. Idempotent. */
  keep(table: string, version: string, rows: ReadonlyMap<string, Readonly<Record<string, Value>>>): Promise<void>;
  current(table: string): Promise<string | null>;
  versions(table: string): Promise<readonly string[]>;
  rows(table: string, version: string): Promise<ReadonlyMap<string, Readonly<Record<string, Value>>>>;
}

/**
 * The secrets that cursors are sealed with, one for each period. All functions of a database share
 * them; none ever changes.
 */
export interface CursorKeys {
  /** The key of a period; null when there is none. */
  read(period: number): Promise<Uint8Array | null>;
  /** Stores a key unless the period has one already; returns the key that stands. */
  create(period: number, key: Uint8Array): Promise<Uint8Array>;
}

/**
 * Lookup tables: whole, immutable versions, and a pointer to the current one. Not scoped: pipelines
 * share them.
 */
export interface LookupStore {
  currentVersion(table: string): Promise<string | null>;
  /** Whether all rows of a version are there: it is marked when the last one was written. */
  isWhole(table: string, version: string): Promise<boolean>;
  /**
   * The rows of these keys (canonical key texts); absent keys are absent.
   * @throws when the version is not whole: a row that is missing would be taken for a key without
   * one
   */
  rows(
    table: string,
    version: string,
    keys: readonly string[],
  ): Promise<ReadonlyMap<string, Readonly<Record<string, Value>>>>;
  /** @throws when the version is not whole */
  allRows(table: string, version: string): AsyncIterable<readonly [string, Readonly<Record<string, Value>>]>;
  /**
   * Writes all rows of a version, then marks it as whole. Idempotent: a version is the hash of its
   * rows.
   */
  write(table: string, version: string, rows: ReadonlyMap<string, Readonly<Record<string, Value>>>): Promise<void>;
  /** Writes a version and makes it the current one. */
  load(table: string, version: string, rows: ReadonlyMap<string, Readonly<Record<string, Value>>>): Promise<void>;
}

/**
 * Which versions of a model are used: moved by compare-and-set alone. Generation 0 means that none
 * was ever promoted.
 */
export interface ModelPointer {
  readonly generation: number;
  readonly current: string | null;
  readonly previous: string | null;
  /** Scores beside the current one, in columns of its own. */
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
   * Moves the pointer if its generation is still `expected.generation`, and records it. False:
   * somebody else moved it.
   */
  movePointer(name: string, expected: ModelPointer, next: ModelPointer): Promise<boolean>;
}

/**
 * One file of the archive's chain: it covers `[start, end)` of a partition. `lost` marks a range
 * that retention took first.
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
  /** Where the chain ends: the offset at which the next file starts. 0 when there is none. */
  frontier(partition: number): Promise<number>;
  partitions(): Promise<readonly number[]>;
  /**
   * Creates the file that starts at `start`. False: somebody else created it first; go on from the
   * frontier.
   */
  append(file: Omit<ArchiveFile, 'path'>, localPath: string): Promise<boolean>;
  /** Copies a file of the chain to the local disk. */
  fetch(file: ArchiveFile, localPath: string): Promise<void>;
}

/** Objects of a run: its views as Parquet. */
export interface ViewStore {
  put(run: string, name: string, localPath: string): Promise<string>;
  /** For the sweeper alone. */
  deleteRun(run: string): Promise<void>;
}

/** A value of a table: 64-bit and larger integers are bigint. */
export type SqlValue = string | number | bigint | boolean | Uint8Array | null;

/** How the engine, and Parquet, store a column. */
export type SqlType = 'INTEGER' | 'BIGINT' | 'DOUBLE' | 'VARCHAR' | 'BOOLEAN' | 'BLOB';

/** A column of a table or of a Parquet file. */
export interface ColumnShape {
  readonly name: string;
  readonly type: SqlType;
}

/** A column with its values. */
export interface TableColumn extends ColumnShape {
  readonly values: readonly SqlValue[];
}

/** Rows in stretches of any length: of each stretch the values of every column. */
export type Stretches = Iterable<readonly (readonly SqlValue[])[]> | AsyncIterable<readonly (readonly SqlValue[])[]>;

/** The SQL engine of the batch layer, over local files. */
export interface SqlEngine {
  /**
   * Takes rows as they come, so that nobody has to hold all of them. An error of `rows` is passed
   * on as it is.
   */
  writeParquet(localPath: string, columns: readonly ColumnShape[], rows: Stretches): Promise<void>;
  createTable(name: string, columns: readonly TableColumn[]): Promise<void>;
  run(sql: string): Promise<void>;
  /** Rows in chunks, as they come; each row has its values in the order of the select list. */
  query(sql: string): AsyncIterable<readonly (readonly SqlValue[])[]>;
  close(): Promise<void>;
}

/** Epoch milliseconds: the only clock, and never part of a state. */
export type Clock = () => number;
/** A fresh, unguessable id per attempt. */
export type IdSource = () => string;

/** Versions of lookup tables and of models, bound once per segment (rule 13). */
/** The version of a lookup table, or of a model, that a segment of one partition is folded with. */
export interface Binding {
  readonly segment: number;
  /** The name of the lookup, or `model:<name>` for a model. */
  readonly name: string;
  readonly version: string;
}

export interface BindingStore {
  /**
   * Binds each of these versions, unless its segment has a version already. Returns the bound
   * versions, in the order of the request.
   */
  bind(partition: number, wanted: readonly Binding[]): Promise<readonly string[]>;
  /** The bindings of a partition's segments `[from, to)`: segment -> lookup name -> version. */
  list(partition: number, from: number, to: number | null): Promise<ReadonlyMap<number, ReadonlyMap<string, string>>>;
}

export interface ArchivedBinding extends Binding {
  readonly partition: number;
}

/** The bindings that are stored in the archive. They survive a loss of the database. */
export interface BindingArchive {
  /** Like `bind` of the store. */
  bind(partition: number, wanted: readonly Binding[]): Promise<readonly string[]>;
  all(): Promise<readonly ArchivedBinding[]>;
}

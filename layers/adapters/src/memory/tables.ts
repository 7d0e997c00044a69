import type {
  BatchRow,
  Binding,
  FragmentRow,
  Pointer,
  QuarantineEntry,
  RunEntry,
  StateEntry,
  Value,
  ViewAlias,
} from '@bifold/core/engine';
import { CellTable } from './cell-table.ts';

export type LookupRows = ReadonlyMap<string, Readonly<Record<string, Value>>>;

/**
 * The tables of an in-memory Cassandra. Tables that are written at timestamps reconcile cells.
 * Tables that are written with IF are maps: one thread is one Paxos group.
 */
export interface MemoryTables {
  readonly fragments: CellTable<FragmentRow>;
  readonly progress: CellTable<readonly [segment: number, next: number]>;
  readonly partitions: CellTable<number>;
  readonly quarantine: CellTable<QuarantineEntry>;
  readonly batchRows: CellTable<BatchRow>;
  readonly runs: CellTable<RunEntry>;
  readonly sweeps: CellTable<number>;
  readonly operatorState: CellTable<StateEntry>;
  /** By scope. */
  readonly pointers: Map<string, Pointer>;
  /** By partition of a scope, then by segment and name. */
  readonly bindings: Map<string, Map<string, Binding>>;
  /** By table and version: a version that is loaded is loaded whole. */
  readonly lookupRows: Map<string, LookupRows>;
  /** By lookup table, its current version. */
  readonly lookupVersions: Map<string, string>;
  readonly aliases: Map<string, ViewAlias>;
  /** By version of a pipeline, the text of its plan. */
  readonly plans: Map<string, string>;
}

export function memoryTables(): MemoryTables {
  return {
    fragments: new CellTable(),
    progress: new CellTable(),
    partitions: new CellTable(),
    quarantine: new CellTable(),
    batchRows: new CellTable(),
    runs: new CellTable(),
    sweeps: new CellTable(),
    operatorState: new CellTable(),
    pointers: new Map(),
    bindings: new Map(),
    lookupRows: new Map(),
    lookupVersions: new Map(),
    aliases: new Map(),
    plans: new Map(),
  };
}

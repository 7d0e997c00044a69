import { canonicalJson, type LookupStore } from '@bifold/core/engine';
import { lookupNotWhole } from '../lookup-versions.ts';
import { joinKey } from './cell-table.ts';
import type { LookupRows, MemoryTables } from './tables.ts';

export function memoryLookupStore(tables: MemoryTables): LookupStore {
  const { lookupRows, lookupVersions } = tables;
  const write = async (table: string, version: string, rows: LookupRows) => writeVersion(tables, table, version, rows);
  return {
    currentVersion: async (table) => lookupVersions.get(table) ?? null,
    isWhole: async (table, version) => lookupRows.has(joinKey(table, version)),

    async rows(table, version, keys) {
      const stored = wholeVersion(tables, table, version);
      return new Map(
        keys.flatMap((key) => {
          const row = stored.get(key);
          return row === undefined ? [] : [[key, row] as const];
        }),
      );
    },

    async *allRows(table, version) {
      yield* wholeVersion(tables, table, version);
    },

    write,

    async load(table, version, rows) {
      await write(table, version, rows);
      lookupVersions.set(table, version);
    },
  };
}

/** @throws {AdapterError} for a version that was never loaded */
function wholeVersion({ lookupRows }: MemoryTables, table: string, version: string): LookupRows {
  const rows = lookupRows.get(joinKey(table, version));
  if (rows === undefined) throw lookupNotWhole(table, version);
  return rows;
}

/** Stores rows as Cassandra does, as JSON: no later change of the caller's rows shows. */
function writeVersion({ lookupRows }: MemoryTables, table: string, version: string, rows: LookupRows): void {
  const copied = [...rows].map(([key, row]) => [key, JSON.parse(canonicalJson(row))] as const);
  lookupRows.set(joinKey(table, version), new Map(copied));
}

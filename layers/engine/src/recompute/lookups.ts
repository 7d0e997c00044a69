import {
  type BindingStore,
  type LookupStore,
  lookupTableName,
  type Manifest,
  type Plan,
  type SqlEngine,
  sqlTypeOf,
  sqlValueOf,
  type Value,
} from '@bifold/core/engine';
import { bindableLookups, bindSegments } from '../speed/bindings.ts';

/** The table with the lookup version of each segment. */
export const BINDINGS = 'bindings';

export interface SegmentBinding {
  readonly partition: number;
  readonly segment: number;
  readonly lookup: string;
  readonly version: string;
}

export interface BindPorts {
  readonly bindings: BindingStore;
  readonly lookups: LookupStore;
}

/**
 * Rule 13: the version that each covered segment is bound to. If the speed layer never folded a
 * segment, it is bound here, and the speed layer uses this binding later.
 */
export async function bindCovered(
  plan: Plan,
  manifest: Manifest,
  ports: BindPorts,
): Promise<readonly SegmentBinding[]> {
  if (plan.lookups.length === 0) return [];
  const bindables = bindableLookups(plan, ports.lookups);
  const bound: SegmentBinding[] = [];
  for (const [name, cut] of Object.entries(manifest.cuts)) {
    const partition = Number(name);
    const segments = Array.from({ length: cut }, (_, segment) => segment);
    const versionOf = await bindSegments(partition, segments, bindables, ports.bindings, new Map());
    for (const segment of segments)
      for (const { name: lookup } of plan.lookups)
        bound.push({ partition, segment, lookup, version: versionOf(segment, lookup) });
  }
  return bound;
}

/** Loads the bound versions of the lookup tables, and the bindings, into the SQL engine. */
export async function loadLookups(
  plan: Plan,
  bindings: readonly SegmentBinding[],
  lookups: LookupStore,
  engine: SqlEngine,
): Promise<void> {
  if (plan.lookups.length === 0) return;
  await engine.createTable(BINDINGS, [
    { name: 'partition', type: 'INTEGER', values: bindings.map(({ partition }) => partition) },
    { name: 'segment', type: 'BIGINT', values: bindings.map(({ segment }) => BigInt(segment)) },
    { name: 'name', type: 'VARCHAR', values: bindings.map(({ lookup }) => lookup) },
    { name: 'version', type: 'VARCHAR', values: bindings.map(({ version }) => version) },
  ]);
  for (const lookup of plan.lookups) {
    const versions = new Set(
      bindings.filter((binding) => binding.lookup === lookup.name).map(({ version }) => version),
    );
    const rows: { readonly version: string; readonly key: string; readonly row: Readonly<Record<string, Value>> }[] =
      [];
    for (const version of versions) {
      for await (const [key, row] of lookups.allRows(lookup.table, version)) rows.push({ version, key, row });
    }
    await engine.createTable(lookupTableName(lookup.name), [
      { name: '_version', type: 'VARCHAR', values: rows.map(({ version }) => version) },
      { name: '_key', type: 'VARCHAR', values: rows.map(({ key }) => key) },
      ...lookup.columns.map((column) => {
        const type = sqlTypeOf(column.type);
        const values = rows.map(({ row }) => sqlValueOf(type, row[column.name] ?? null));
        return { name: column.name, type, values };
      }),
    ]);
  }
}

import {
  type BindingStore,
  type LookupStore,
  lookupTableName,
  type Manifest,
  type Plan,
  ProtocolError,
  type SqlEngine,
  sqlTypeOf,
  sqlValueOf,
  type Value,
} from '@bifold/core';

/** The table that says which version of each lookup a segment is bound to. */
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

const BINDS_AT_ONCE = 16;

/** Rule 13: the version that each covered segment is bound to. A segment that the speed layer never folded is bound now; from then on the speed layer follows. */
export async function bindSegments(
  plan: Plan,
  manifest: Manifest,
  ports: BindPorts,
): Promise<readonly SegmentBinding[]> {
  if (plan.lookups.length === 0) return [];
  const bound: SegmentBinding[] = [];
  const unbound: Omit<SegmentBinding, 'version'>[] = [];
  for (const [name, cut] of Object.entries(manifest.cuts)) {
    const partition = Number(name);
    const known = await ports.bindings.list(partition, 0, cut);
    for (let segment = 0; segment < cut; segment++) {
      for (const lookup of plan.lookups) {
        const version = known.get(segment)?.get(lookup.name);
        if (version === undefined) unbound.push({ partition, segment, lookup: lookup.name });
        else bound.push({ partition, segment, lookup: lookup.name, version });
      }
    }
  }
  const current = await currentVersions(plan, unbound.length > 0, ports.lookups);
  for (let index = 0; index < unbound.length; index += BINDS_AT_ONCE) {
    const group = unbound.slice(index, index + BINDS_AT_ONCE).map(async (entry) => {
      const version = await ports.bindings.bind(
        entry.partition,
        entry.segment,
        entry.lookup,
        current.get(entry.lookup) as string,
      );
      return { ...entry, version };
    });
    bound.push(...(await Promise.all(group)));
  }
  return bound;
}

async function currentVersions(
  plan: Plan,
  needed: boolean,
  lookups: LookupStore,
): Promise<ReadonlyMap<string, string>> {
  const versions = new Map<string, string>();
  if (!needed) return versions;
  for (const { name, table } of plan.lookups) {
    const version = await lookups.currentVersion(table);
    if (version === null) {
      throw new ProtocolError('BIFOLD_LOOKUP_EMPTY', {
        failed: `the view cannot be computed: lookup table "${table}" was never loaded`,
        received: 'no version of it',
        allowed: 'one version or more',
        remedy: `load it: npx bifold lookup load ${table} --file <csv or json lines>`,
      });
    }
    versions.set(name, version);
  }
  return versions;
}

/** Brings the bound versions of the lookup tables, and the bindings, into the engine. */
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

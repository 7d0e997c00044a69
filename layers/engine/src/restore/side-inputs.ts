import type {
  BindingArchive,
  BindingStore,
  LookupArchive,
  LookupStore,
  ModelRegistry,
  Plan,
} from '@bifold/core/engine';

export interface SideInputPorts {
  /** The bindings in the database, without the archived ones in front of them. */
  readonly bindings: BindingStore;
  readonly bindingArchive: Pick<BindingArchive, 'all'>;
  readonly lookups: LookupStore;
  readonly lookupArchive: LookupArchive;
  /** Absent if the pipeline scores nothing. */
  readonly models?: ModelRegistry;
}

export interface RestoredSideInputs {
  readonly bindings: number;
  /** Restored versions of lookup tables, as `table version`. */
  readonly lookups: readonly string[];
  readonly models: readonly string[];
  /** Bound versions of lookup tables that are no longer retained anywhere, as `table version`. */
  readonly missing: readonly string[];
}

/**
 * Rule 13: restores lookup tables, model pointers and bindings before the first record is folded.
 */
export async function restoreSideInputs(plan: Plan, ports: SideInputPorts): Promise<RestoredSideInputs> {
  const { bindings, bindingArchive, lookups, lookupArchive, models } = ports;
  const restored: string[] = [];
  for (const table of new Set(plan.lookups.map((lookup) => lookup.table))) {
    for (const version of await lookupArchive.versions(table)) {
      if (await lookups.isWhole(table, version)) continue;
      await lookups.write(table, version, await lookupArchive.rows(table, version));
      restored.push(`${table} ${version}`);
    }
    const current = await lookupArchive.current(table);
    if (current !== null && (await lookups.currentVersion(table)) === null)
      await lookups.load(table, current, await lookupArchive.rows(table, current));
  }
  const promoted: string[] = [];
  for (const { name } of plan.models ?? []) if (await models?.restorePointer(name)) promoted.push(name);

  const archived = await bindingArchive.all();
  for (const [partition, own] of Map.groupBy(archived, (one) => one.partition)) await bindings.bind(partition, own);
  const tables = new Map(plan.lookups.map(({ name, table }) => [name, table]));
  const missing: string[] = [];
  for (const id of new Set(archived.map(({ name, version }) => `${tables.get(name) ?? ''} ${version}`))) {
    const [table = '', version = ''] = id.split(' ');
    if (table !== '' && !(await lookups.isWhole(table, version))) missing.push(id);
  }
  return { bindings: archived.length, lookups: restored, models: promoted, missing };
}

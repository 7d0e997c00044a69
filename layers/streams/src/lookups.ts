import type { LookupStore, Plan, ResolveLookup, Value } from '@bifold/core/engine';
import type { Ports } from './ports.ts';

type Row = Readonly<Record<string, Value>>;

/**
 * The versions of the lookup tables that are current now: what a batch is planned with, so that it
 * joins the same rows when it runs again.
 */
export async function currentVersions(
  { lookups }: Plan,
  ports: Ports,
): Promise<Readonly<Record<string, string>> | undefined> {
  if (lookups.length === 0) return undefined;
  const store = await ports.lookups();
  const versions = new Map<string, string>();
  for (const { table } of lookups) {
    const version = await store.currentVersion(table);
    if (version !== null) versions.set(table, version);
  }
  return Object.fromEntries(versions);
}

/**
 * The lookup rows of a batch, read when a row first asks for them. A table that was never loaded
 * has no rows.
 */
export class BatchLookups {
  private readonly plan: Plan;
  private readonly versions: Readonly<Record<string, string>>;
  private readonly ports: Ports;
  private readonly rows: readonly Map<string, Row | null>[];

  constructor(plan: Plan, versions: Readonly<Record<string, string>>, ports: Ports) {
    this.plan = plan;
    this.versions = versions;
    this.ports = ports;
    this.rows = plan.lookups.map(() => new Map());
  }

  /** Reads the rows of these keys, for each lookup of the plan. */
  async prepare(keys: readonly ReadonlySet<string>[]): Promise<void> {
    for (const [index, { table }] of this.plan.lookups.entries()) {
      const known = this.rows[index] as Map<string, Row | null>;
      const version = this.versions[table];
      const unknown = [...(keys[index] ?? [])].filter((key) => !known.has(key));
      if (unknown.length === 0) continue;
      const store: LookupStore | null = version === undefined ? null : await this.ports.lookups();
      const found = (await store?.rows(table, version as string, unknown)) ?? new Map<string, Row>();
      for (const key of unknown) known.set(key, found.get(key) ?? null);
    }
  }

  readonly resolve: ResolveLookup = (lookup, key) => this.rows[lookup]?.get(key) ?? null;
}

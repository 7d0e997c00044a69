import type { LookupPlan, LookupStore, ResolveLookup, RowTransform, Value } from '@bifold/core/engine';
import type { Ports } from '../ports.ts';

type Row = Readonly<Record<string, Value>>;

/**
 * The current versions of the lookup tables. A batch is planned with them, so that a repeated batch
 * joins the same rows.
 */
export async function currentVersions(
  lookups: readonly LookupPlan[],
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

/** The lookup rows of a batch, read on demand. A table that was never loaded has no rows. */
export class BatchLookups {
  private readonly lookups: readonly LookupPlan[];
  private readonly versions: Readonly<Record<string, string>>;
  private readonly ports: Ports;
  private readonly rows: readonly Map<string, Row | null>[];

  constructor(lookups: readonly LookupPlan[], versions: Readonly<Record<string, string>>, ports: Ports) {
    this.lookups = lookups;
    this.versions = versions;
    this.ports = ports;
    this.rows = lookups.map(() => new Map());
  }

  /** Reads the rows that these records name. */
  async prepare(
    records: readonly (readonly Value[])[],
    { lookupKeys }: Pick<RowTransform, 'lookupKeys'>,
  ): Promise<void> {
    if (this.lookups.length === 0) return;
    const keys = this.lookups.map(() => new Set<string>());
    for (const values of records)
      for (const [lookup, key] of lookupKeys(values).entries()) if (key !== null) keys[lookup]?.add(key);
    for (const [index, { table }] of this.lookups.entries()) {
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

import {
  type BindingStore,
  type Fold,
  type LogRecord,
  type LookupStore,
  ProtocolError,
  type ResolveLookup,
  segmentOf,
  type TimedValues,
  type Value,
} from '@bifold/core';

type Row = Readonly<Record<string, Value>>;

/** The lookup rows that a delivery needs, by the version that each segment is bound to. */
export interface BoundLookups {
  of(segment: number): ResolveLookup;
}

export interface LookupPorts {
  readonly bindings: BindingStore;
  readonly lookups: LookupStore;
}

const CACHED_ROWS = 200_000;
const CACHED_BINDINGS = 10_000;

/** What a warm function remembers of lookups, within one scope: rows of immutable versions with the keys they lack, and bindings, which never change. */
export interface WarmLookups {
  readonly rows: Map<string, Map<string, Row | null>>;
  readonly bindings: Map<string, string>;
}

/** Rule 13: binds each segment's lookup versions before its first fold, and reads the rows that the events of each record name. */
export async function bindLookups(
  fold: Fold,
  partition: number,
  records: readonly LogRecord[],
  eventsOf: (index: number) => readonly TimedValues[],
  ports: LookupPorts,
  warm: WarmLookups,
): Promise<BoundLookups> {
  const { plan } = fold.pipeline;
  if (plan.lookups.length === 0) return { of: () => () => null };
  const wanted = new Map<number, Set<string>[]>();
  for (let index = 0; index < records.length; index++) {
    const segment = segmentOf((records[index] as LogRecord).offset, plan.storage.segmentSize);
    let keys = wanted.get(segment);
    if (!keys) {
      keys = plan.lookups.map(() => new Set<string>());
      wanted.set(segment, keys);
    }
    for (const { values } of eventsOf(index))
      fold.lookupKeys(values).forEach((key, lookup) => {
        if (key !== null) keys[lookup]?.add(key);
      });
  }
  const resolvers = new Map<number, ResolveLookup>();
  await Promise.all(
    Array.from(wanted, async ([segment, keys]) => {
      const rows = await Promise.all(
        plan.lookups.map(async ({ name, table }, lookup) => {
          const version = await boundVersion(partition, segment, name, table, ports, warm.bindings);
          return readRows(table, version, keys[lookup] as Set<string>, ports.lookups, warm.rows);
        }),
      );
      resolvers.set(segment, (lookup, key) => rows[lookup]?.get(key) ?? null);
    }),
  );
  return { of: (segment) => resolvers.get(segment) ?? (() => null) };
}

async function boundVersion(
  partition: number,
  segment: number,
  lookup: string,
  table: string,
  { bindings, lookups }: LookupPorts,
  boundVersions: Map<string, string>,
): Promise<string> {
  const id = `${partition}|${segment}|${lookup}`;
  const known = boundVersions.get(id);
  if (known !== undefined) return known;
  const current = await lookups.currentVersion(table);
  if (current === null) {
    throw new ProtocolError('BIFOLD_LOOKUP_EMPTY', {
      failed: `records cannot be folded: lookup table "${table}" was never loaded`,
      received: 'no version of it',
      allowed: 'one version or more',
      remedy: `load it: npx bifold lookup load ${table} --file <csv or json lines>; the records wait and are retried`,
    });
  }
  const bound = await bindings.bind(partition, segment, lookup, current);
  if (boundVersions.size >= CACHED_BINDINGS) boundVersions.clear();
  boundVersions.set(id, bound);
  return bound;
}

async function readRows(
  table: string,
  version: string,
  keys: ReadonlySet<string>,
  lookups: LookupStore,
  rowsByTable: WarmLookups['rows'],
): Promise<ReadonlyMap<string, Row | null>> {
  const id = `${table}|${version}`;
  let cached = rowsByTable.get(id);
  if (!cached || cached.size > CACHED_ROWS) {
    cached = new Map();
    rowsByTable.set(id, cached);
  }
  const missing = [...keys].filter((key) => !cached.has(key));
  if (missing.length > 0) {
    const found = await lookups.rows(table, version, missing);
    for (const key of missing) cached.set(key, found.get(key) ?? null);
  }
  return cached;
}

import {
  type BindingStore,
  type Fold,
  type LogRecord,
  type LookupStore,
  type ResolveLookup,
  segmentOf,
  type TimedValues,
  type Value,
} from '@bifold/core/engine';
import { bindableLookups, bindSegments, type WarmBindings } from './bindings.ts';

type Row = Readonly<Record<string, Value>>;

/** The lookup rows for a delivery. Each segment uses the version that it is bound to. */
export interface BoundLookups {
  of(segment: number): ResolveLookup;
}

export interface LookupPorts {
  readonly bindings: BindingStore;
  readonly lookups: LookupStore;
}

const CACHED_ROWS = 200_000;

/**
 * The lookup cache of a warm function, for one scope. Versions and bindings are immutable, so
 * entries never expire. `rows` holds null for a key that a version lacks.
 */
export interface WarmLookups {
  readonly rows: Map<string, Map<string, Row | null>>;
  readonly bindings: WarmBindings;
}

/**
 * Rule 13: binds each segment's lookup versions before its first fold, and reads the rows that the
 * events of each record name.
 */
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
  const bindables = bindableLookups(plan, ports.lookups);
  const versionOf = await bindSegments(partition, [...wanted.keys()], bindables, ports.bindings, warm.bindings);
  // One read for all segments that share a version. The first segments of a partition are small, so
  // a batch spans many of them and needs the same rows in each.
  const read = await Promise.all(
    plan.lookups.map(async ({ name, table }, lookup) => {
      const rows = new Map<string, ReadonlyMap<string, Row | null>>();
      for (const [version, segments] of Map.groupBy(wanted, ([segment]) => versionOf(segment, name))) {
        const keys = new Set(segments.flatMap(([, each]) => [...(each[lookup] as Set<string>)]));
        rows.set(version, await readRows(table, version, keys, ports.lookups, warm.rows));
      }
      return rows;
    }),
  );
  return {
    of(segment) {
      const rows = plan.lookups.map(({ name }, lookup) => read[lookup]?.get(versionOf(segment, name)));
      return (lookup, key) => rows[lookup]?.get(key) ?? null;
    },
  };
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

import { bindingStore, lookupStore } from '@bifold/adapters/cassandra';
import { type Pipeline, type Receipt, type ResolveLookup, segmentOf, type Value } from '@bifold/core';
import type { Context } from './context.ts';
import { CliError } from './errors.ts';

type LookupRows = ReadonlyMap<string, Readonly<Record<string, Value>>>;

/** The lookup rows that each segment is bound to, read whole: a version never changes. */
export async function boundLookups(
  context: Context,
  { plan }: Pipeline,
  { version, incarnation, coverage }: Pick<Receipt, 'version' | 'incarnation' | 'coverage'>,
): Promise<(partition: number, offset: number) => ResolveLookup> {
  if (plan.lookups.length === 0) return () => () => null;
  const client = await context.cassandra();
  const bindings = bindingStore(client, { version, incarnation });
  const lookups = lookupStore(client);
  const loaded = new Map<string, Map<string, Readonly<Record<string, Value>>>>();
  const bySegment = new Map<string, readonly (LookupRows | null)[]>();
  for (const partition of Object.keys(coverage).map(Number)) {
    for (const [segment, versions] of await bindings.list(partition, 0, null)) {
      const rows: (LookupRows | null)[] = [];
      for (const { name, table } of plan.lookups) {
        const bound = versions.get(name);
        if (bound === undefined) {
          rows.push(null);
          continue;
        }
        const id = `${table}|${bound}`;
        let known = loaded.get(id);
        if (known === undefined) {
          known = new Map();
          for await (const [key, row] of lookups.allRows(table, bound)) known.set(key, row);
          loaded.set(id, known);
        }
        rows.push(known);
      }
      bySegment.set(`${partition}|${segment}`, rows);
    }
  }
  const resolvers = new Map<string, ResolveLookup>();
  return (partition, offset) => {
    const id = `${partition}|${segmentOf(offset, plan.storage.segmentSize)}`;
    let resolver = resolvers.get(id);
    if (resolver === undefined) {
      const rows = bySegment.get(id);
      resolver = (lookup, key) => {
        const table = rows?.[lookup];
        if (!table) throw unbound(plan.name, plan.lookups[lookup]?.name ?? '', id);
        return table.get(key) ?? null;
      };
      resolvers.set(id, resolver);
    }
    return resolver;
  };
}

function unbound(pipeline: string, lookup: string, segment: string): CliError {
  return new CliError('BIFOLD_BINDING_MISSING', {
    failed: `a segment that "${pipeline}" answers for has no version of lookup "${lookup}" bound`,
    received: `partition and segment ${segment.replace('|', ', ')}`,
    allowed: 'a binding for each segment that holds an event',
    remedy: 'this is a fault of Bifold: keep the state folder and report it',
  });
}

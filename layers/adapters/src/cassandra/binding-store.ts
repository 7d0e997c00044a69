import type { Binding, BindingStore, Scope } from '@bifold/core/engine';
import { type CassandraClient, scopeValues } from './client.ts';
import { insertCql, selectCql } from './tables.ts';

/** Attempts that may end without an answer of Cassandra. */
const UNKNOWN_OUTCOMES_MAX = 3;
/** Cassandra refuses batches beyond 50 KiB. */
const BINDINGS_PER_BATCH = 100;

type Bindings = ReadonlyMap<number, ReadonlyMap<string, string>>;

/**
 * Bindings are written only with IF, and read at LOCAL_SERIAL, which completes an unfinished write.
 */
export function bindingStore(client: CassandraClient, scope: Scope): BindingStore {
  const scoped = scopeValues(scope);
  const insert = insertCql(client, 'bindings', 'IF NOT EXISTS');

  const list = async (partition: number, from: number, to: number | null): Promise<Bindings> => {
    const restrictions = to === null ? ['segment >= ?'] : ['segment >= ?', 'segment < ?'];
    const bounds = to === null ? [BigInt(from)] : [BigInt(from), BigInt(to)];
    const rows = await client.read(
      {
        cql: selectCql(client, 'bindings', ['segment', 'name', 'bound'], restrictions),
        values: [...scoped, partition, ...bounds],
      },
      { serial: true },
    );
    const bindings = new Map<number, Map<string, string>>();
    for (const row of rows) {
      const segment = Number(row.segment);
      const names = bindings.get(segment) ?? new Map<string, string>();
      bindings.set(segment, names.set(row.name, row.bound));
    }
    return bindings;
  };

  /**
   * Binds all of them in one decision. If one of them was bound already, those that were not are
   * decided again.
   */
  const bindBatch = async (partition: number, requested: readonly Binding[]): Promise<readonly string[]> => {
    const segments = requested.map(({ segment }) => segment);
    const [first, last] = [Math.min(...segments), Math.max(...segments)];
    let bound: Bindings = new Map();
    let unbound = requested;
    for (let unknownOutcomes = 0; unbound.length > 0; ) {
      const statements = unbound.map(({ segment, name, version }) => ({
        cql: insert,
        values: [...scoped, partition, BigInt(segment), name, version],
      }));
      const decision = await client.executeConditionalBatch(statements);
      if (decision.kind === 'applied') break;
      bound = await list(partition, first, last + 1);
      unbound = requested.filter(({ segment, name }) => bound.get(segment)?.get(name) === undefined);
      if (decision.kind === 'unknown' && unbound.length > 0 && ++unknownOutcomes === UNKNOWN_OUTCOMES_MAX)
        throw decision.error;
    }
    return requested.map(({ segment, name, version }) => bound.get(segment)?.get(name) ?? version);
  };

  return {
    async bind(partition, requested) {
      const versions: string[] = [];
      for (let from = 0; from < requested.length; from += BINDINGS_PER_BATCH)
        versions.push(...(await bindBatch(partition, requested.slice(from, from + BINDINGS_PER_BATCH))));
      return versions;
    },
    list,
  };
}

import type { Binding, BindingStore, Scope } from '@bifold/core/engine';
import { joinKey } from './cell-table.ts';
import type { MemoryTables } from './tables.ts';

export function memoryBindingStore(tables: MemoryTables, { version: view, topicId }: Scope): BindingStore {
  const bindingsOf = (partition: number): Map<string, Binding> => {
    const key = joinKey(view, topicId, partition);
    const stored = tables.bindings.get(key);
    if (stored !== undefined) return stored;
    const created = new Map<string, Binding>();
    tables.bindings.set(key, created);
    return created;
  };
  return {
    bind: async (partition, requested) =>
      requested.map((binding) => {
        const bindings = bindingsOf(partition);
        const key = joinKey(binding.segment, binding.name);
        const bound = bindings.get(key) ?? binding;
        bindings.set(key, bound);
        return bound.version;
      }),

    async list(partition, from, to) {
      const bySegment = new Map<number, Map<string, string>>();
      const bindings = [...bindingsOf(partition).values()].sort((left, right) => left.segment - right.segment);
      for (const { segment, name, version } of bindings) {
        if (segment < from || (to !== null && segment >= to)) continue;
        const versions = bySegment.get(segment) ?? new Map<string, string>();
        bySegment.set(segment, versions.set(name, version));
      }
      return bySegment;
    },
  };
}

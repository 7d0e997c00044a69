import type { BindingArchive, BindingStore } from '@bifold/core';

/**
 * Bindings of the database that stand in the archive first: the database may be lost, and what was folded with a version must
 * be folded with it again (rule 13). Whoever binds a segment that an emptied database does not know gets the old version.
 */
export function archivedBindings(store: BindingStore, archive: Pick<BindingArchive, 'bind'>): BindingStore {
  return {
    async bind(partition, segment, name, version) {
      const stored = (await store.list(partition, segment, segment + 1)).get(segment)?.get(name);
      if (stored !== undefined) return stored;
      return store.bind(partition, segment, name, await archive.bind(partition, segment, name, version));
    },
    list: (partition, from, to) => store.list(partition, from, to),
  };
}

import type { BindingArchive, BindingStore } from '@bifold/core/engine';

/**
 * Bindings of the database that stand in the archive first: the database may be lost, and what was
 * folded with a version must be folded with it again (rule 13). Whoever binds a segment that an
 * emptied database does not know gets the old version.
 */
export function archivedBindings(store: BindingStore, archive: Pick<BindingArchive, 'bind'>): BindingStore {
  return {
    async bind(partition, wanted) {
      const archived = await archive.bind(partition, wanted);
      const named = wanted.map((binding, index) => ({ ...binding, version: archived[index] as string }));
      return store.bind(partition, named);
    },
    list: (partition, from, to) => store.list(partition, from, to),
  };
}

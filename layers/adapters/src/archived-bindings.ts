import type { BindingArchive, BindingStore } from '@bifold/core/engine';

/**
 * Writes each binding to the archive before the database. The database may be lost, and a segment
 * must be folded again with the same version (rule 13). If an emptied database does not know a
 * segment, the archive returns its old version.
 */
export function archivedBindings(store: BindingStore, archive: Pick<BindingArchive, 'bind'>): BindingStore {
  return {
    async bind(partition, requested) {
      const versions = await archive.bind(partition, requested);
      const archived = requested.map((binding, index) => ({ ...binding, version: versions[index] as string }));
      return store.bind(partition, archived);
    },
    list: (partition, from, to) => store.list(partition, from, to),
  };
}

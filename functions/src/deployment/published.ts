import type { Stores } from '@bifold/adapters/stores';
import type { BatchStore, Plan, Scope } from '@bifold/core/engine';
import { type PublishedView, publishedView } from '@bifold/engine';

/** The publications of a view, in the archive and in the database. */
export function publishedOf(plan: Plan, scope: Scope, archive: Stores['archive'], batch: BatchStore): PublishedView {
  return publishedView(plan, {
    publications: archive.publications(scope),
    archive: archive.archive(scope),
    batch,
  });
}

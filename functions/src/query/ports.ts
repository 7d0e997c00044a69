import type { AppearanceStore, BatchStore, BindingStore, SpeedStore } from '@bifold/core';
import type { PublishedView } from '../published.ts';

export interface QueryPorts {
  readonly store: SpeedStore;
  readonly batch: BatchStore;
  readonly bindings: BindingStore;
  /** Holds the marks of the clocks, of a view that drops what is late. */
  readonly appearances: Pick<AppearanceStore, 'read'>;
  readonly published: PublishedView;
}

import type { BatchStore, BindingStore, OperatorStateStore, SpeedStore } from '@bifold/core/engine';
import type { PublishedView } from './published.ts';

export interface QueryPorts {
  readonly store: SpeedStore;
  readonly batch: BatchStore;
  readonly bindings: BindingStore;
  /** Holds the marks of the watermarks, of a view that drops what is late. */
  readonly operatorState: Pick<OperatorStateStore, 'read'>;
  readonly published: PublishedView;
}

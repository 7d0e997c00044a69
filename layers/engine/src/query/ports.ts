import type { BatchStore, BindingStore, OperatorStateStore, SpeedStore } from '@bifold/core/engine';
import type { PublishedView } from './published.ts';

export interface QueryPorts {
  readonly store: SpeedStore;
  readonly batch: BatchStore;
  readonly bindings: BindingStore;
  /** The stored watermarks, for views that drop late events. */
  readonly operatorState: Pick<OperatorStateStore, 'read'>;
  readonly published: PublishedView;
}

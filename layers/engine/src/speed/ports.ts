import type {
  BatchStore,
  BindingStore,
  LookupStore,
  ModelRegistry,
  OperatorStateStore,
  SpeedStore,
} from '@bifold/core/engine';
import type { PublishedView } from '../query/published.ts';
import type { BoundLog } from '../topic-id.ts';
import type { RefusedVersion } from './models.ts';

export interface SpeedPorts extends BoundLog {
  readonly store: SpeedStore;
  readonly bindings: BindingStore;
  readonly lookups: LookupStore;
  /** The operator state, and the frontier of the batch layer's part of it. */
  readonly operatorState: OperatorStateStore;
  readonly batch: Pick<BatchStore, 'readPointer'>;
  readonly published: Pick<PublishedView, 'check'>;
  /** Absent where the pipeline scores nothing. */
  readonly models?: ModelRegistry;
  /** Told of a version that cannot be used. */
  readonly onRefused?: (refused: RefusedVersion) => void;
}

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
  /**
   * The operator state. The pointer in `batch` says up to which cut the batch layer has stored it.
   */
  readonly operatorState: OperatorStateStore;
  readonly batch: Pick<BatchStore, 'readPointer'>;
  readonly published: Pick<PublishedView, 'check'>;
  /** Absent where the pipeline scores nothing. */
  readonly models?: ModelRegistry;
  /** Called when a model version cannot be loaded. */
  readonly onRefused?: (refused: RefusedVersion) => void;
}

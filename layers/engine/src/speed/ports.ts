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
   * The operator state. The batch layer has stored it below the cut that the pointer in `batch`
   * names.
   */
  readonly operatorState: OperatorStateStore;
  readonly batch: Pick<BatchStore, 'readPointer'>;
  readonly published: Pick<PublishedView, 'check'>;
  /** Absent if the pipeline scores nothing. */
  readonly models?: ModelRegistry;
  /** Called when a model version cannot be loaded. */
  readonly onRefused?: (refused: RefusedVersion) => void;
}

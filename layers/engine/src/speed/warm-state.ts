import type { publicationOf, SegmentFold } from '@bifold/core/engine';
import type { WarmLookups } from './lookups.ts';
import { coldModels, type WarmModels } from './models.ts';
import type { WarmOperatorState } from './stateful-operators.ts';

/**
 * The cached state of a partition: every fragment of its last segment. Valid only for a batch that
 * starts at `end`.
 */
export interface WarmPartition {
  readonly end: number;
  readonly current: SegmentFold;
  /** The watermark at `end`, for views that drop late events. */
  readonly watermarkMs: number;
  /**
   * The publication that the cache is based on, for a view with stateful operators. A restored
   * database has another publication, which invalidates the cache.
   */
  readonly publication: ReturnType<typeof publicationOf> | null;
}

/** The cache of a process between invocations, for one scope. The handler creates it once. */
export interface WarmState {
  /**
   * Rule 4: one entry per partition. An invocation removes the entry, and stores a new one after
   * its last acknowledged write. So a failed invocation leaves no entry.
   */
  readonly partitions: Map<number, WarmPartition>;
  readonly lookups: WarmLookups;
  readonly models: WarmModels;
  readonly operatorState: WarmOperatorState;
}

export function coldState(): WarmState {
  return {
    partitions: new Map(),
    lookups: { rows: new Map(), bindings: new Map() },
    models: coldModels(),
    operatorState: new Map(),
  };
}

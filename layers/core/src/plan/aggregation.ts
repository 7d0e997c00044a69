import type { AggregatePlan } from './aggregate.ts';
import type { WindowPlan } from './window.ts';

/** The aggregation of rows: by key, by window, by aggregate. */
export interface AggregationPlan {
  readonly groupBy: readonly string[];
  readonly windows: readonly WindowPlan[];
  readonly aggregates: readonly AggregatePlan[];
}

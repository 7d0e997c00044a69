/**
 * The definition API: everything that a pipeline definition imports. The layers import
 * `@bifold/core/engine`. Definitions of models and drift import `@bifold/models`.
 */
export {
  type Aggregate,
  all,
  any,
  collect,
  correlation,
  count,
  covariance,
  distinct,
  first,
  histogram,
  last,
  max,
  maxBy,
  mean,
  min,
  minBy,
  quantile,
  stddev,
  sum,
  topK,
  variance,
} from './definition/aggregate.ts';
export { defineAggregate } from './definition/custom-aggregate.ts';
export type { Duration } from './definition/duration.ts';
export { coalesce, concat, Expression, field, when } from './definition/expression.ts';
export { dropDuplicates } from './definition/operators/duplicates.ts';
export { items, split } from './definition/operators/flat-map.ts';
export { dropLate } from './definition/operators/late.ts';
export { type LookupTable, lookup, table } from './definition/operators/lookup.ts';
export { model } from './definition/operators/model.ts';
export { calendar, running, session, sliding, tumbling } from './definition/operators/window.ts';
export { definePipeline, type Pipeline } from './definition/pipeline.ts';
export { join, repartition, union } from './definition/source/relay.ts';
export { type Topic, topic } from './definition/source/topic.ts';
export { BifoldError } from './errors.ts';
export type { Window } from './plan/window.ts';

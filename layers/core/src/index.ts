/**
 * The definition API: everything that a pipeline definition imports. The layers import
 * `@bifold/core/engine`. Definitions of models and drift import `@bifold/models`.
 */
export type { Aggregate } from './definition/aggregates/aggregate.ts';
export { all, any } from './definition/aggregates/conditions.ts';
export { count, distinct, topK } from './definition/aggregates/counts.ts';
export { defineAggregate } from './definition/aggregates/custom-aggregate.ts';
export {
  correlation,
  covariance,
  histogram,
  max,
  mean,
  min,
  quantile,
  stddev,
  sum,
  variance,
} from './definition/aggregates/statistics.ts';
export { collect, first, last, maxBy, minBy } from './definition/aggregates/values.ts';
export type { Duration } from './definition/duration.ts';
export { when } from './definition/expressions/cases.ts';
export { Expression } from './definition/expressions/expression.ts';
export { coalesce, concat, field } from './definition/expressions/functions.ts';
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

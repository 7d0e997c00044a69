export {
  type Aggregate,
  type AggregateKind,
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
  type ResultOver,
  stddev,
  sum,
  topK,
  variance,
} from './aggregate.ts';
export { type CustomConstructor, defineAggregate } from './custom-aggregate.ts';
export { type Duplicates, dropDuplicates } from './duplicates.ts';
export { type Duration, durationMs } from './duration.ts';
export {
  type AnyExpression,
  type Arithmetic,
  Cases,
  type Comparison,
  coalesce,
  concat,
  Expression,
  type ExpressionNode,
  type FieldType,
  field,
  fieldsOf,
  type NumericFunction,
  operandsOf,
  type TextTest,
  type TimePart,
  when,
} from './expression.ts';
export { type FlatMapPlan, type FlatMappable, type FlatMapped, type Items, items, split } from './flat-map.ts';
export { type AllowedLateness, dropLate } from './late.ts';
export { type Lookup, type LookupTable, lookup, type Missing, table } from './lookup.ts';
export { type Model, type ModelOutput, model, type WithoutVersion } from './model.ts';
export {
  type Columns,
  type Condition,
  type Derived,
  definePipeline,
  type Joined,
  type Pipeline,
  type Present,
  type Readable,
} from './pipeline.ts';
export { bindingNameOf } from './planning-models.ts';
export { join, type Relayed, repartition, union } from './relay.ts';
export { type Column, type ColumnType, columnsOf, type EventSchema, optionalFieldsOf } from './schema.ts';
export { type EventTime, type Topic, topic } from './topic.ts';
export {
  type CalendarUnit,
  type CalendarWindow,
  calendar,
  type RunningWindow,
  running,
  type SessionWindow,
  type SlidingWindow,
  session,
  sliding,
  type TumblingWindow,
  tumbling,
  type Window,
} from './window.ts';

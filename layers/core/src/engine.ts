/** The parts that the layers use: plans, folds, merges, ports. A definition needs none of them. */
export type { Algebra } from './aggregates/algebra.ts';
export {
  type AggregateDescriptor,
  type AggregateFunction,
  type AnyAlgebra,
  adderOf,
  takesPositionedValues,
} from './aggregates/descriptor.ts';
export { type CustomAggregate, customAggregate, undefinedAggregates } from './aggregates/kinds/custom.ts';
export { AGGREGATES, algebraOf, descriptorOf, resultTypeOf } from './aggregates/kinds.ts';
export type { EventPosition } from './aggregates/positioned-value.ts';
export { isSameResult, type Result, resultCell } from './aggregates/result.ts';
export * from './batch/publish.ts';
export * from './batch/sql.ts';
export type { ResultOver } from './definition/aggregates/aggregate.ts';
export type { CustomConstructor } from './definition/aggregates/custom-aggregate.ts';
export { durationMs } from './definition/duration.ts';
export { Cases } from './definition/expressions/cases.ts';
export type { AnyExpression, FieldType } from './definition/expressions/expression.ts';
export { checkIdentifier, checkResourceName } from './definition/identifier.ts';
export type { FlatMappable, FlatMapped, Items } from './definition/operators/flat-map.ts';
export { type Lateness, planLate } from './definition/operators/late.ts';
export type { Lookup } from './definition/operators/lookup.ts';
export type { Model } from './definition/operators/model.ts';
export { planRows, type RowsDefinition } from './definition/operators/rows.ts';
export type { Columns, Condition, Derived, Joined, Present, Readable } from './definition/pipeline.ts';
export { type AggregationDefinition, checkEventTime, planAggregation } from './definition/planning.ts';
export { bindingNameOf, planModels } from './definition/planning-models.ts';
export { ColumnScope, described, refuse, refuseUnknownOptions } from './definition/scope.ts';
export { type Relayed, relayTopic, type TimeRange, timeRangeMs } from './definition/source/relay.ts';
export { columnsOf, type EventSchema, optionalFieldsOf } from './definition/source/schema.ts';
export { planStorage } from './definition/storage.ts';
export * from './errors.ts';
export { type Slots, slotIndex } from './expression/evaluate.ts';
export { fieldsOf, operandsOf } from './expression/operands.ts';
export { derivedAround, keyColumnType, readableTypes, scoresOf } from './expression/scored-columns.ts';
export { expressionSql } from './expression/sql.ts';
export * from './expression/sql-text.ts';
export { type Fold, foldOf, keyOfRow, rowId, SegmentFold } from './fold/fold.ts';
export { interpret, interpretEach } from './fold/interpret.ts';
export type { FoldedLog, FoldedRow, Folding } from './fold/plain-fold.ts';
export { offsetsOf, replayAnswer, type SavedAnswer } from './fold/replay.ts';
export {
  QUARANTINE_POSITION,
  QUARANTINE_WINDOW,
  type RowAlgebra,
  type RowAlgebras,
  rowAlgebrasOf,
  type States,
} from './fold/row.ts';
export { type RowAggregation, rowAggregationOf } from './fold/row-aggregation.ts';
export {
  type BoundModel,
  type BoundModels,
  type ResolveLookup,
  type RowTransform,
  rowTransformOf,
  withModels,
} from './fold/row-transform.ts';
export * from './fold/segment.ts';
export type { Json, Scalar } from './json.ts';
export * from './order.ts';
export type * from './plan/aggregate.ts';
export type * from './plan/aggregation.ts';
export type * from './plan/column.ts';
export type * from './plan/expression.ts';
export type * from './plan/flat-map.ts';
export type * from './plan/lookup.ts';
export type * from './plan/model.ts';
export type { ClassLabel } from './plan/model.ts';
export type * from './plan/plan.ts';
export type * from './plan/relay.ts';
export type * from './plan/row.ts';
export type * from './plan/stateful.ts';
export type * from './plan/storage.ts';
export { canonicalJson, deepFreeze, readPlan, versionOf } from './plan/version.ts';
export type * from './plan/window.ts';
export type * from './ports/alias-store.ts';
export type * from './ports/archive-store.ts';
export type * from './ports/batch-store.ts';
export type * from './ports/binding-store.ts';
export type * from './ports/cursor-keys.ts';
export type * from './ports/log.ts';
export type * from './ports/lookup-store.ts';
export type * from './ports/model-registry.ts';
export type * from './ports/operator-state-store.ts';
export type * from './ports/plan-store.ts';
export type * from './ports/publication-store.ts';
export type * from './ports/scope.ts';
export type * from './ports/speed-store.ts';
export type * from './ports/sql-engine.ts';
export type * from './ports/sweep-ledger.ts';
export * from './ports/tables.ts';
export type * from './ports/view-store.ts';
export * from './query/alias.ts';
export * from './query/answer.ts';
export { type AnswerRow, positionOfRow } from './query/answer-row.ts';
export { boundModels } from './query/bound-models.ts';
export * from './query/coverage.ts';
export { digestOf } from './query/digest.ts';
export { contiguousEnd, withFinality } from './query/finality.ts';
export { type Answer, answerOf, fillPage, gatherPages, type Page } from './query/page.ts';
export { type SealedSnapshot, sealSnapshot, snapshotOf, unsealSnapshot } from './query/read-snapshot.ts';
export type { ModelVersions, PageStart, Quarantined, QueryParameters, Receipt, ReceiptPage } from './query/receipt.ts';
export { type ResolvedSources, resolveSources, type Source } from './query/record-sources.ts';
export { type Cursor, cursorText, queryDigest, queryParametersOf, type ViewQuery } from './query/view-query.ts';
export { Reader, Writer } from './records/codec.ts';
export { epochMsSql, eventTimeReader } from './records/event-time.ts';
export { itemsProblemOf } from './records/items.ts';
export {
  type Decoded,
  type DecodedEvent,
  type DecodedPoison,
  type Decoder,
  decoderOf,
  keyText,
  lookupKeyText,
  POISON_REASONS,
  type PoisonReason,
  type TimedValues,
  type Value,
} from './records/record.ts';
export { columnReader } from './records/value.ts';
export { boundText, keyColumns } from './records/wire.ts';
export { partitionPoint } from './search.ts';
export type { JoinRule } from './stateful/join.ts';
export {
  ORIGIN_HEADER,
  type Origin,
  originHeader,
  originText,
  partitionFor,
  readOrigin,
} from './stateful/repartition.ts';
export {
  type DedupeRule,
  InMemoryStatefulStage,
  readFor,
  requiresHistory,
  type StageOutput,
  type StatefulStage,
  statefulStageOf,
} from './stateful/stateful-stage.ts';
export { type LateRule, NO_WATERMARK_MS, watermarkId, watermarkMark } from './stateful/watermark.ts';
export { isAssembledFromPanes, type Panes, panesOf } from './windows/panes.ts';
export { mergeWindows, paneRange, type WindowRange, windowEndMs, windowStartsOf } from './windows/windows.ts';

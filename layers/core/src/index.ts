export type { Algebra } from './aggregates/algebra.ts';
export { type CustomAggregate, customAggregate, undefinedAggregates } from './aggregates/custom.ts';
export { type AnyAlgebra, adderOf, algebraOf } from './aggregates/index.ts';
export type { EventPosition } from './aggregates/positioned-value.ts';
export { isSameResult, type Result, resultCell, resultTypeOf } from './aggregates/result.ts';
export { AGGREGATE_SIGNATURES, takesPositionedValues } from './aggregates/signatures.ts';
export * from './batch/publish.ts';
export * from './batch/sql.ts';
export * from './definition/index.ts';
export * from './drift/index.ts';
export * from './errors.ts';
export { type Slots, slotIndex } from './expression/evaluate.ts';
export { expressionSql } from './expression/sql.ts';
export * from './expression/sql-text.ts';
export {
  type BoundModels,
  type Fold,
  foldOf,
  keyOfRow,
  type ResolveLookup,
  rowId,
  SegmentFold,
  withModels,
} from './fold/fold.ts';
export { type FoldedLog, type FoldedRow, type Folding, interpret, interpretEach } from './fold/interpret.ts';
export { offsetsOf, replayAnswer, type SavedAnswer } from './fold/replay.ts';
export {
  QUARANTINE_POSITION,
  QUARANTINE_WINDOW,
  type RowAlgebra,
  type RowAlgebras,
  rowAlgebrasOf,
  type States,
} from './fold/row.ts';
export * from './fold/segment.ts';
export type { Json } from './json.ts';
export { boundModels } from './model/bound.ts';
export { derivedAround, keyColumnType, scoresOf } from './model/columns.ts';
export { BINS_MAX, binOf, type Distribution, type Distributions } from './model/distribution.ts';
export { type FittedModel, featureFields, fitModel } from './model/fitted.ts';
export { checkGolden, type GoldenResult } from './model/golden.ts';
export { checkFile, MANIFEST_FILE, type ModelManifest, readManifest } from './model/manifest.ts';
export {
  type BoostingModel,
  type CategoryFeature,
  type ClassLabel,
  type Feature,
  type ForestModel,
  type LinearModel,
  MODEL_LIMITS,
  type ModelFile,
  type NumberFeature,
  readModel,
  type Tree,
} from './model/model-file.ts';
export { challenged, NOTHING_PROMOTED, promoted, readPointerState, rolledBack } from './model/pointer.ts';
export { type Score, type Scorer, scorerOf } from './model/scorer.ts';
export * from './order.ts';
export * from './plan/plan.ts';
export type * from './ports/alias-ports.ts';
export * from './ports/ports.ts';
export * from './ports/tables.ts';
export * from './query/alias.ts';
export * from './query/answer.ts';
export { type AnswerRow, positionOfRow } from './query/answer-row.ts';
export * from './query/coverage.ts';
export { digestOf } from './query/digest.ts';
export { contiguousEnd, withFinality } from './query/finality.ts';
export { type Answer, answerOf, fillPage, gatherPages, type Page } from './query/page.ts';
export { type SealedSnapshot, sealSnapshot, snapshotOf, unsealSnapshot } from './query/read-snapshot.ts';
export type { ModelVersions, PageStart, Quarantined, QueryParameters, Receipt, ReceiptPage } from './query/receipt.ts';
export { type ResolvedSources, resolveSources, type Source } from './query/record-sources.ts';
export { type Cursor, cursorText, queryParametersOf, questionDigest, type ViewQuery } from './query/view-query.ts';
export { Reader, Writer } from './records/codec.ts';
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
export { columnReader, TIME_LIMIT_MS } from './records/value.ts';
export { boundText, keyColumns } from './records/wire.ts';
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
  InMemoryStatefulStage,
  type RepetitionRule,
  readFor,
  requiresHistory,
  type StageOutput,
  type StatefulStage,
  statefulStageOf,
} from './stateful/stateful-stage.ts';
export { type LateRule, NO_WATERMARK_MS, watermarkId, watermarkMark } from './stateful/watermark.ts';
export * from './training/index.ts';
export { isAssembledFromPanes, type Panes, panesOf } from './windows/panes.ts';
export { mergeWindows, paneRange, type WindowRange, windowEndMs, windowStartsOf } from './windows/windows.ts';

export type { Algebra } from './aggregates/algebra.ts';
export { type AnyAlgebra, adderOf, algebraOf } from './aggregates/index.ts';
export type { EventPosition } from './aggregates/observation.ts';
export { type CustomAggregate, customAggregate, undefinedAggregates } from './aggregates/own.ts';
export { isSameResult, type Result, resultCell, resultTypeOf } from './aggregates/result.ts';
export { AGGREGATE_SIGNATURES, takesPositionedValues } from './aggregates/takes.ts';
export * from './alias.ts';
export type * from './alias-ports.ts';
export * from './answer.ts';
export { type AnswerRow, positionOfRow } from './answer-row.ts';
export { offsetsOf, replayAnswer, type SavedAnswer } from './as-of.ts';
export { Reader, Writer } from './codec.ts';
export * from './coverage.ts';
export * from './definition/index.ts';
export { digestOf } from './digest.ts';
export * from './drift/index.ts';
export * from './errors.ts';
export { type Slots, slotIndex } from './evaluate.ts';
export { expressionSql } from './expression-sql.ts';
export { contiguousEnd, withFinality } from './finality.ts';
export {
  type BoundModels,
  type Fold,
  foldOf,
  keyOfRow,
  type ResolveLookup,
  rowId,
  SegmentFold,
  withModels,
} from './fold.ts';
export { type FoldedLog, type FoldedRow, type Folding, interpret, interpretEach } from './interpret.ts';
export { itemsProblemOf } from './items.ts';
export type { JoinRule } from './join.ts';
export type { Json } from './json.ts';
export { type ResolvedSources, resolveSources, type Source } from './kept.ts';
export { type LateRule, NO_WATERMARK_MS, watermarkId, watermarkMark } from './late.ts';
export {
  InMemoryStatefulStage,
  type RepetitionRule,
  readFor,
  requiresHistory,
  type StageOutput,
  type StatefulStage,
  statefulStageOf,
} from './look-back.ts';
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
export { type Answer, answerOf, fillPage, gatherPages, type Page } from './page.ts';
export { isAssembledFromPanes, type Panes, panesOf } from './panes.ts';
export * from './plan.ts';
export * from './ports.ts';
export * from './publish.ts';
export { type Cursor, cursorText, queryParametersOf, questionDigest, type ViewQuery } from './question.ts';
export { type SealedSnapshot, sealSnapshot, snapshotOf, unsealSnapshot } from './read-snapshot.ts';
export type { ModelVersions, PageStart, Quarantined, QueryParameters, Receipt, ReceiptPage } from './receipt.ts';
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
} from './record.ts';
export { ORIGIN_HEADER, type Origin, originHeader, originText, partitionFor, readOrigin } from './relay.ts';
export {
  QUARANTINE_POSITION,
  QUARANTINE_WINDOW,
  type RowAlgebra,
  type RowAlgebras,
  rowAlgebrasOf,
  type States,
} from './row.ts';
export * from './segment.ts';
export * from './sql.ts';
export * from './sql-text.ts';
export * from './tables.ts';
export * from './training/index.ts';
export { columnReader, TIME_LIMIT_MS } from './value.ts';
export { mergeWindows, paneRange, type WindowRange, windowEndMs, windowStartsOf } from './windows.ts';
export { boundText, keyColumns } from './wire.ts';

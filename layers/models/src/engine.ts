/**
 * The parts of models that layers and the command line use: files, scoring, training definitions,
 * drift.
 */
export {
  type Counts,
  type DriftMeasures,
  driftMeasures,
  ksOf,
  psiOf,
  rareChiSquare,
  THRESHOLDS,
  type Thresholds,
  type Verdict,
} from './drift/measures.ts';
export { type DriftPlan, type DriftReport, driftOf, driftPlanOf, type FeatureDrift } from './drift/report.ts';
export { BINS_MAX, binOf, type Distribution, type Distributions } from './model-file/distribution.ts';
export { checkGolden, type GoldenResult } from './model-file/golden.ts';
export { checkFile, MANIFEST_FILE, type ModelManifest, readManifest } from './model-file/manifest.ts';
export {
  type BoostingModel,
  type CategoryFeature,
  type Feature,
  type ForestModel,
  type LinearModel,
  MODEL_LIMITS,
  type ModelFile,
  type NumberFeature,
  readModel,
  type Tree,
} from './model-file/model-file.ts';
export { challenged, NOTHING_PROMOTED, promoted, readPointerState, rolledBack } from './model-file/pointer.ts';
export { type FittedModel, featureFields, fitModel } from './scoring/fitted.ts';
export { type Score, type Scorer, scorerOf } from './scoring/scorer.ts';
export {
  type CategoryFeatureDefinition,
  type FeatureDefinition,
  learnsFromArchive,
  type NumericFeature,
  type Split,
} from './training/define-model.ts';
export type { BoostingSettings, Estimator, ForestSettings, LinearSettings } from './training/estimator.ts';

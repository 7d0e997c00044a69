export { drift } from './define-drift.ts';
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
} from './measures.ts';
export { type DriftPlan, type DriftReport, driftOf, driftPlanOf, type FeatureDrift } from './report.ts';

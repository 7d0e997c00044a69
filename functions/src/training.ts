/** Training code that the scheduled function and `bifold train` share. */
export { type Archived, type ArchiveTablePorts, writeArchiveTable } from './train/archive-table.ts';
export { trainingColumns } from './train/columns.ts';
export { checkFidelity, goldenText, type OnnxJudgement, onnxDiffers, onnxText } from './train/fidelity.ts';
export type {
  ClassificationMetrics,
  FittedFeature,
  Metrics,
  RegressionMetrics,
  TrainedOn,
} from './train/learned.ts';
export { LEARNED_FILES, type Refusal } from './train/learner.ts';
export { type TrainedOnSchedule, type TrainPorts, trainingRequest, trainOnSchedule } from './train/train.ts';
export { type Learning, makeVersion, type Version } from './train/version.ts';

/**
 * The definition API of models: how they are trained, and how drift is watched. Model files,
 * scoring and measures are `@bifold/models/engine`.
 */
export { drift } from './drift/define-drift.ts';
export { category, defineModel, type ModelDefinition, numeric } from './training/define-model.ts';
export { gradientBoosting, linear, logistic, randomForest } from './training/estimator.ts';

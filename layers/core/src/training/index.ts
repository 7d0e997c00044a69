export {
  type CategoryFeatureDefinition,
  category,
  defineModel,
  type FeatureDefinition,
  learnsFromArchive,
  type ModelDefinition,
  type NumericFeature,
  numeric,
  type Split,
} from './define-model.ts';
export {
  type BoostingSettings,
  type Estimator,
  type ForestSettings,
  gradientBoosting,
  type LinearSettings,
  linear,
  logistic,
  randomForest,
} from './estimator.ts';

export { bundleFunctions, type FunctionCode, type FunctionCodeOptions } from '../bundling/function-code.ts';
export { BatchLayer, type BatchLayerOptions, type BatchLayerProps } from './batch-layer.ts';
export { BifoldPipeline, type BifoldPipelineProps } from './bifold-pipeline.ts';
export type { TrainingPackage } from './learner.ts';
export type { PipelineFunction } from './pipeline-function.ts';
export {
  type CassandraProps,
  type KafkaProps,
  LOG_LEVELS,
  type LogLevel,
  type PipelineNetwork,
  type PipelineProps,
  type ScheduleProps,
  type TlsProps,
} from './pipeline-props.ts';
export { RelayLayer, type RelayLayerProps } from './relay-layer.ts';
export { ServingLayer, type ServingLayerOptions, type ServingLayerProps } from './serving-layer.ts';
export { SpeedLayer, type SpeedLayerProps } from './speed-layer.ts';
export { TrainingLayer, type TrainingLayerProps } from './training-layer.ts';

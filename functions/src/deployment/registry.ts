import type { ModelPointers } from '@bifold/adapters/model';
import type { ModelRegistry, Plan } from '@bifold/core/engine';
import type { RefusedVersion } from '@bifold/engine';
import { setting } from './environment.ts';
import { logger, MetricUnit, metrics } from './observed.ts';

/** The registry of models, if the pipeline scores. Only then the S3 client is loaded. */
export async function registryOfEnvironment(
  { models }: Plan,
  pointers: ModelPointers,
): Promise<{ readonly models?: ModelRegistry; readonly onRefused?: typeof tellRefused }> {
  if (models === undefined) return {};
  const [{ modelRegistry }, { s3Bucket }] = await Promise.all([
    import('@bifold/adapters/model'),
    import('@bifold/adapters/s3'),
  ]);
  const bucket = s3Bucket({ bucket: setting('MODELS_BUCKET') });
  return { models: modelRegistry(bucket, pointers), onRefused: tellRefused };
}

/**
 * A retry does not repair an unusable version. The previous one keeps scoring, and an operator must
 * look.
 */
function tellRefused({ model, version, used, error }: RefusedVersion): void {
  metrics.addMetric('modelsRefused', MetricUnit.Count, 1);
  logger.error('a version of a model cannot be used', { model, version, used, code: error.code, ...error.explanation });
}

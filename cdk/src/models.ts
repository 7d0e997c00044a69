import type { Plan } from '@bifold/core/engine';
import { Stack } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { listObjects, objects } from './permissions.ts';
import type { Settings } from './settings.ts';

/**
 * What a function of a pipeline that scores needs of the models: to read those that it scores with,
 * and no others.
 */
export function readModels(scope: Construct, { models = [] }: Plan, settings: Settings): readonly PolicyStatement[] {
  const bucketArn = `arn:${Stack.of(scope).partition}:s3:::${modelsBucketName(scope, settings)}`;
  return [...new Set(models.map(({ name }) => `models/${name}/`))].flatMap((prefix) => [
    // What is there is listed, not asked for: see docs/permissions.md.
    listObjects(bucketArn, prefix),
    objects(['s3:GetObject'], bucketArn, prefix),
  ]);
}

export function modelsEnvironment(scope: Construct, { models }: Plan, settings: Settings): Record<string, string> {
  return models === undefined ? {} : { MODELS_BUCKET: modelsBucketName(scope, settings) };
}

export function modelsBucketName(scope: Construct, { modelsBucket }: Settings): string {
  const { account, region } = Stack.of(scope);
  return modelsBucket ?? `bifold-models-${account}-${region}`;
}

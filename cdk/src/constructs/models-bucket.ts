import { Stack } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { listObjects, objects } from '../permissions/statements.ts';
import type { PipelineProps } from './pipeline-props.ts';

/** The rights of a scoring function: to read the models that it scores with, and no others. */
export function readModels(scope: Construct, props: PipelineProps): readonly PolicyStatement[] {
  const { models = [] } = props.pipeline.plan;
  const bucketArn = `arn:${Stack.of(scope).partition}:s3:::${modelsBucketName(scope, props)}`;
  return [...new Set(models.map(({ name }) => `models/${name}/`))].flatMap((prefix) => [
    // The objects are listed first: see docs/permissions.md.
    listObjects(bucketArn, prefix),
    objects(['s3:GetObject'], bucketArn, prefix),
  ]);
}

export function modelsEnvironment(scope: Construct, props: PipelineProps): Record<string, string> {
  return props.pipeline.plan.models === undefined ? {} : { MODELS_BUCKET: modelsBucketName(scope, props) };
}

export function modelsBucketName(scope: Construct, { modelsBucketName: given }: PipelineProps): string {
  const { account, region } = Stack.of(scope);
  return given ?? `bifold-models-${account}-${region}`;
}

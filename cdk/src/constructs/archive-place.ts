import { Stack } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { resourceName } from '../names.ts';
import { listObjects, objects } from '../permissions/statements.ts';
import type { PipelineProps } from './pipeline-props.ts';

/**
 * The name of the archive's bucket; null if the archive is on HDFS. The name is fixed, so that a
 * new stack finds the archive of an earlier one.
 */
export function archiveBucketName(
  scope: Construct,
  { pipeline, archiveFolder }: Pick<PipelineProps, 'pipeline' | 'archiveFolder'>,
): string | null {
  if (archiveFolder !== undefined) return null;
  const { account, region } = Stack.of(scope);
  return `bifold-${resourceName(pipeline.plan.name)}-${account}-${region}`;
}

/** The bucket's name, or the folder's address. */
export function archivePlace(scope: Construct, props: PipelineProps): string {
  return archiveBucketName(scope, props) ?? (props.archiveFolder as string);
}

/**
 * The rights of a function that folds or binds: to read the publication and, if a plan binds, to
 * write bindings. HDFS has its own permissions.
 */
export function foldRights(scope: Construct, props: PipelineProps): readonly PolicyStatement[] {
  const name = archiveBucketName(scope, props);
  if (name === null) return [];
  const arn = `arn:${Stack.of(scope).partition}:s3:::${name}`;
  const publications = `publications/${props.pipeline.plan.version}/`;
  return [listObjects(arn, publications), objects(['s3:GetObject'], arn, publications), ...bindRights(props, arn)];
}

/** The rights to bind segments to versions. A plan without lookups and models needs none. */
export function bindRights({ pipeline: { plan } }: PipelineProps, bucketArn: string): readonly PolicyStatement[] {
  if (plan.lookups.length === 0 && plan.models === undefined) return [];
  return [objects(['s3:GetObject', 's3:PutObject'], bucketArn, `bindings/${plan.version}/`)];
}

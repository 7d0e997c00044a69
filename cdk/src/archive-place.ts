import type { Plan } from '@bifold/core/engine';
import { Stack } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { resourceName } from './names.ts';
import { listObjects, objects } from './permissions.ts';
import type { Settings } from './settings.ts';

/**
 * Named by us, so that a stack that is deployed anew finds the archive that an earlier one left
 * behind.
 */
export function archiveBucketName(scope: Construct, { name }: Plan, settings: Settings): string | null {
  if (settings.archive !== null) return null;
  const { account, region } = Stack.of(scope);
  return `bifold-${resourceName(name)}-${account}-${region}`;
}

/** The bucket's name, or the folder's address. */
export function archivePlace(scope: Construct, plan: Plan, settings: Settings): string {
  return archiveBucketName(scope, plan, settings) ?? (settings.archive as string);
}

/**
 * What a function needs that folds or binds: to see what is published, and, where a plan binds, to
 * write that down. HDFS has rights of its own.
 */
export function foldRights(scope: Construct, plan: Plan, settings: Settings): readonly PolicyStatement[] {
  const name = archiveBucketName(scope, plan, settings);
  if (name === null) return [];
  const arn = `arn:${Stack.of(scope).partition}:s3:::${name}`;
  const publications = `publications/${plan.version}/`;
  return [listObjects(arn, publications), objects(['s3:GetObject'], arn, publications), ...bindRights(plan, arn)];
}

/** To bind segments to versions; a plan without lookups and models binds nothing. */
export function bindRights(plan: Plan, bucketArn: string): readonly PolicyStatement[] {
  if (plan.lookups.length === 0 && plan.models === undefined) return [];
  return [objects(['s3:GetObject', 's3:PutObject'], bucketArn, `bindings/${plan.version}/`)];
}

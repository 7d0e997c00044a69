import { batchStore } from '@bifold/adapters/cassandra';
import { openBucket, s3Archive, s3Publications } from '@bifold/adapters/s3';
import type { Coverage, Plan } from '@bifold/core/engine';
import { type PublishedView, publishedView } from '@bifold/engine';
import type { Context } from '../context.ts';
import type { DeploymentRecord } from '../deployment/deployments.ts';
import { CheckFailed } from '../errors.ts';
import { s3Options } from '../records/s3-options.ts';

/** Works with what the archive records as published of a deployment's view. */
export async function withPublished<T>(
  context: Context,
  { pipeline, archiveBucket, version, topicId }: DeploymentRecord,
  storage: Plan['storage'],
  work: (published: PublishedView) => Promise<T>,
): Promise<T> {
  const bucket = openBucket(archiveBucket, s3Options(context.addresses.aws));
  const scope = { version, topicId };
  try {
    const ports = {
      publications: s3Publications(bucket, scope),
      archive: s3Archive(bucket, scope),
      batch: batchStore(await context.cassandra(), scope, storage),
    };
    return await work(publishedView({ name: pipeline }, ports));
  } finally {
    bucket.close();
  }
}

/**
 * @throws {CheckFailed} when answers cover nothing of a log that holds records: there is nothing to
 * compare then
 */
export function checkCovered(pipeline: string, coverage: Coverage, logEnds: readonly number[]): void {
  const records = logEnds.reduce((total, end) => total + end, 0);
  if (records === 0 || Object.keys(coverage).length > 0) return;
  throw new CheckFailed('BIFOLD_NOTHING_COVERED', {
    failed: `answers of "${pipeline}" cover nothing, though its log holds records`,
    received: 'no covered offsets',
    allowed: `offsets of a log that has ${records.toLocaleString('en-US')} of them`,
    remedy: `wait for the speed layer: npx bifold wait ${pipeline}; if the database was lost: npx bifold restore ${pipeline}`,
  });
}

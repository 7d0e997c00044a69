import type { Coverage, Plan } from '@bifold/core/engine';
import { type PublishedView, publishedView } from '@bifold/engine';
import type { Context } from '../context.ts';
import type { DeploymentRecord } from '../deployment/deployments.ts';
import { CheckFailed } from '../errors.ts';

/** The publications of a deployment's view, as the archive records them. */
export async function publishedOf(
  context: Context,
  { pipeline, archiveBucket, version, topicId }: DeploymentRecord,
  storage: Plan['storage'],
): Promise<PublishedView> {
  const [database, stores] = await Promise.all([context.database(), context.archive(archiveBucket)]);
  const scope = { version, topicId };
  return publishedView(
    { name: pipeline },
    {
      publications: stores.publications(scope),
      archive: stores.archive(scope),
      batch: database.batch(scope, storage),
    },
  );
}

/**
 * Checks that answers cover something of a log with records. Otherwise there is nothing to compare.
 * @throws {CheckFailed} when they cover nothing
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

import { tmpdir } from 'node:os';
import { bucketStores, openBucket } from '@bifold/adapters/s3';
import { type ArchivedPartition, type ArchivePorts, archiveLog } from '@bifold/engine';
import { logOfEnvironment, once } from '../deployment/connections.ts';
import { engineOfEnvironment } from '../deployment/engine.ts';
import { deploymentOf, setting } from '../deployment/environment.ts';
import { logger, MetricUnit, metrics, observed, timeLeft } from '../deployment/observed.ts';

const { pipeline, scope } = deploymentOf();

const ports = once(
  async (): Promise<Omit<ArchivePorts, 'hasTime'>> => ({
    log: logOfEnvironment(pipeline.plan.topic, scope.topicId),
    archive: bucketStores(openBucket(setting('ARCHIVE_BUCKET'))).archive(scope),
    engine: await engineOfEnvironment(),
    topicId: scope.topicId,
    scratchFolder: tmpdir(),
  }),
);

/** Archives the log by offset, as a chain of Parquet files. */
export const handler = observed(async (_event: unknown, context): Promise<readonly ArchivedPartition[]> => {
  const archived = await archiveLog(pipeline, { ...(await ports()), hasTime: timeLeft(context) });
  for (const { partition, lost } of archived.filter((entry) => entry.lost.length > 0)) {
    logger.error('retention was faster than the archive: records are lost', { partition, lost });
    metrics.addMetric('lostRanges', MetricUnit.Count, lost.length);
  }
  metrics.addMetric(
    'archivedRecords',
    MetricUnit.Count,
    archived.reduce((sum, { records }) => sum + records, 0),
  );
  logger.info('archived', { partitions: archived });
  return archived;
});

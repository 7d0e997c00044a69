import { batchStore, speedStore, sweepLedger } from '@bifold/adapters/cassandra';
import { openBucket, s3Archive, s3Publications, s3Views } from '@bifold/adapters/s3';
import { publishedView, type SweepPorts, type Swept, sweep } from '@bifold/engine';
import { cassandraOfEnvironment, once } from '../deployment/connections.ts';
import { deploymentOf, setting } from '../deployment/environment.ts';
import { logger, MetricUnit, metrics, observed, timeLeft } from '../deployment/observed.ts';

const { pipeline, scope } = deploymentOf();
const { storage } = pipeline.plan;

const ports = once(async (): Promise<Omit<SweepPorts, 'hasTime'>> => {
  const client = await cassandraOfEnvironment();
  const bucket = openBucket(setting('ARCHIVE_BUCKET'));
  const batch = batchStore(client, scope, storage);
  const publications = s3Publications(bucket, scope);
  return {
    store: speedStore(client, scope, storage),
    ledger: sweepLedger(client, scope),
    batch,
    published: publishedView(pipeline.plan, { publications, archive: s3Archive(bucket, scope), batch }),
    views: s3Views(bucket, scope),
  };
});

/** Deletes what no reader can need any more. */
export const handler = observed(async (_event: unknown, context): Promise<Swept> => {
  const swept = await sweep({ ...(await ports()), hasTime: timeLeft(context) });
  metrics.addMetric('sweptSegments', MetricUnit.Count, swept.segments);
  logger.info('swept', { ...swept });
  return swept;
});

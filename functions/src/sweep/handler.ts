import { type SweepPorts, type Swept, sweep } from '@bifold/engine';
import { once, storesOfEnvironment } from '../deployment/connections.ts';
import { deploymentOf } from '../deployment/environment.ts';
import { logger, MetricUnit, metrics, observed, timeLeft } from '../deployment/observed.ts';
import { publishedOf } from '../deployment/published.ts';

const { pipeline, scope } = deploymentOf();
const { storage } = pipeline.plan;

const ports = once(async (): Promise<Omit<SweepPorts, 'hasTime'>> => {
  const { database, archive } = await storesOfEnvironment();
  const batch = database.batch(scope, storage);
  return {
    store: database.speed(scope, storage),
    ledger: database.sweepLedger(scope),
    batch,
    published: publishedOf(pipeline.plan, scope, archive, batch),
    views: archive.views(scope),
  };
});

/** Deletes data that no reader can need. */
export const handler = observed(async (_event: unknown, context): Promise<Swept> => {
  const swept = await sweep({ ...(await ports()), hasTime: timeLeft(context) });
  metrics.addMetric('sweptSegments', MetricUnit.Count, swept.segments);
  logger.info('swept', { ...swept });
  return swept;
});

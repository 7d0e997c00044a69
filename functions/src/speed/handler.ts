import { isDeepStrictEqual } from 'node:util';
import { foldOf } from '@bifold/core/engine';
import {
  type CatchUpRequest,
  catchUpTo,
  coldState,
  type FoldedPartition,
  foldDelivery,
  parseCatchUp,
  type SpeedPorts,
} from '@bifold/engine';
import { logOfEnvironment, once, storesOfEnvironment } from '../deployment/connections.ts';
import { deploymentOf } from '../deployment/environment.ts';
import { logger, MetricUnit, metrics, observed } from '../deployment/observed.ts';
import { publishedOf } from '../deployment/published.ts';
import { registryOfEnvironment } from '../deployment/registry.ts';
import { type KafkaEvent, recordsByPartition } from './event.ts';

const { pipeline, scope } = deploymentOf();
const { plan } = pipeline;
const fold = foldOf(pipeline);
const warm = coldState();

const ports = once(async (): Promise<SpeedPorts> => {
  const log = logOfEnvironment(plan.topic, scope.topicId);
  const { database, archive, archivedBindings } = await storesOfEnvironment();
  const batch = database.batch(scope, plan.storage);
  return {
    store: database.speed(scope, plan.storage),
    bindings: archivedBindings(scope),
    lookups: database.lookups,
    operatorState: database.operatorState(scope),
    batch,
    published: publishedOf(plan, scope, archive, batch),
    ...(await registryOfEnvironment(plan, database.modelPointers)),
    log,
    topicId: scope.topicId,
  };
});

/**
 * Folds Kafka records into fragments, progress and quarantine entries in Cassandra. A catch-up
 * request makes it fold records of the log that a new cut has unblocked.
 */
export const handler = observed(async (event: KafkaEvent | CatchUpRequest) => {
  const folded = await folding(event);
  metrics.addMetric('records', MetricUnit.Count, total(folded, 'records'));
  metrics.addMetric('rows', MetricUnit.Count, total(folded, 'rows'));
  metrics.addMetric('quarantined', MetricUnit.Count, total(folded, 'quarantined'));
  logger.info('folded', { partitions: folded });
  for (const { partition } of folded.filter(({ closed }) => closed)) {
    logger.warn('a segment is left to the batch layer: the log no longer holds its beginning', { partition });
  }
});

async function folding(event: KafkaEvent | CatchUpRequest): Promise<readonly FoldedPartition[]> {
  const catchUp = parseCatchUp(event);
  if (catchUp === null)
    return foldDelivery(fold, recordsByPartition(event as KafkaEvent, plan.topic), await ports(), warm);
  if (!isDeepStrictEqual(catchUp.scope, scope)) {
    logger.info('ignored a catch-up request for another deployment', { told: catchUp.scope, own: scope });
    return [];
  }
  return catchUpTo(fold, catchUp.upTo, await ports(), warm);
}

function total<Name extends string>(entries: readonly Readonly<Record<Name, number>>[], name: Name): number {
  return entries.reduce((sum, entry) => sum + entry[name], 0);
}

import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import {
  announceVersion,
  type HandoverPorts,
  planCatchUp,
  publishedView,
  type QueryPorts,
  type Recomputed,
  type RecomputePorts,
  recompute,
} from '@bifold/engine';
import { once, storesOfEnvironment } from '../deployment/connections.ts';
import { engineOfEnvironment } from '../deployment/engine.ts';
import { deploymentOf, setting } from '../deployment/environment.ts';
import { invokeLater } from '../deployment/invocation.ts';
import { logger, MetricUnit, metrics, observed } from '../deployment/observed.ts';
import { registryOfEnvironment } from '../deployment/registry.ts';
import { tellDrift } from './drift.ts';

const { pipeline, scope } = deploymentOf();

type Announcing = Pick<HandoverPorts, 'aliases' | 'plans'>;

const ports = once(async (): Promise<RecomputePorts & QueryPorts & Announcing> => {
  const stores = await storesOfEnvironment();
  const { database } = stores;
  const { plan } = pipeline;
  const speed = database.speed(scope, plan.storage);
  const batch = database.batch(scope, plan.storage);
  const archive = stores.archive.archive(scope);
  const publications = stores.archive.publications(scope);
  return {
    archive,
    publications,
    batch,
    published: publishedView(plan, { archive, publications, batch }),
    bindings: stores.archivedBindings(scope),
    lookups: database.lookups,
    operatorState: database.operatorState(scope),
    aliases: database.aliases({ pipeline: plan.name, topicId: scope.topicId }),
    plans: database.plans,
    speed,
    store: speed,
    ...(await registryOfEnvironment(plan, database.modelPointers)),
    views: stores.archive.views(scope),
    openEngine: engineOfEnvironment,
    clock: Date.now,
    newId: randomUUID,
    scratchFolder: tmpdir(),
  };
});

/** The options of a manual invocation; the schedule has none. */
interface RecomputeEvent {
  /**
   * Publishes past ranges that retention deleted before archiving. Receipts then always name them
   * as gaps.
   */
  readonly acceptLost?: unknown;
}

/**
 * Turns the archive into batch rows and Parquet views, published as the next generation. Then
 * requests catch-up from the speed layer.
 */
export const handler = observed(async (event: RecomputeEvent | null): Promise<Recomputed> => {
  const open = await ports();
  // Register the deployed version here too: the CDK can deploy it without the `bifold` command.
  await announceVersion(pipeline.plan, open);
  const recomputed = await recompute(pipeline, open, event?.acceptLost === true);
  if (recomputed.published) {
    metrics.addMetric('publishedGenerations', MetricUnit.Count, 1);
    metrics.addMetric('batchRows', MetricUnit.Count, recomputed.rows);
    await tellDrift(pipeline.plan, scope, open);
  }
  logger.info('recomputed', { ...recomputed });
  const catchUp = await planCatchUp(pipeline.plan, scope, open);
  if (catchUp !== null) {
    await invokeLater(setting('SPEED_FUNCTION'), catchUp);
    logger.info('the speed layer was told to go on', { upTo: catchUp.upTo });
  }
  return recomputed;
});

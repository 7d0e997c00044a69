import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import {
  aliasStore,
  batchStore,
  bindingStore,
  lookupStore,
  operatorStateStore,
  planStore,
  speedStore,
} from '@bifold/adapters/cassandra';
import { archivedBindings, openBucket, s3Archive, s3Bindings, s3Publications, s3Views } from '@bifold/adapters/s3';
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
import { cassandraOfEnvironment, once } from '../deployment/connections.ts';
import { engineOfEnvironment } from '../deployment/engine.ts';
import { deploymentOf, setting } from '../deployment/environment.ts';
import { invokeLater } from '../deployment/invocation.ts';
import { logger, MetricUnit, metrics, observed } from '../deployment/observed.ts';
import { registryOfEnvironment } from '../deployment/registry.ts';
import { tellDrift } from './drift.ts';

const { pipeline, scope } = deploymentOf();

type Announcing = Pick<HandoverPorts, 'aliases' | 'plans'>;

const ports = once(async (): Promise<RecomputePorts & QueryPorts & Announcing> => {
  const client = await cassandraOfEnvironment();
  const bucket = openBucket(setting('ARCHIVE_BUCKET'));
  const speed = speedStore(client, scope, pipeline.plan.storage);
  const [archive, publications] = [s3Archive(bucket, scope), s3Publications(bucket, scope)];
  const batch = batchStore(client, scope, pipeline.plan.storage);
  return {
    archive,
    publications,
    batch,
    published: publishedView(pipeline.plan, { archive, publications, batch }),
    bindings: archivedBindings(bindingStore(client, scope), s3Bindings(bucket, scope)),
    lookups: lookupStore(client),
    operatorState: operatorStateStore(client, scope),
    aliases: aliasStore(client, { pipeline: pipeline.plan.name, topicId: scope.topicId }),
    plans: planStore(client),
    speed,
    store: speed,
    ...(await registryOfEnvironment(pipeline.plan, client)),
    views: s3Views(bucket, scope),
    openEngine: engineOfEnvironment,
    clock: Date.now,
    newId: randomUUID,
    scratchFolder: tmpdir(),
  };
});

/** The options of a manual invocation; the schedule has none. */
interface RecomputeEvent {
  /**
   * Passes ranges that retention deleted before archiving; receipts then always name them as gaps.
   */
  readonly acceptLost?: unknown;
}

/**
 * Turns the archive into batch rows and Parquet views, published as the next generation. Then
 * requests catch-up from the speed layer.
 */
export const handler = observed(async (event: RecomputeEvent | null): Promise<Recomputed> => {
  const open = await ports();
  // Lambda runs what was deployed last: each run says so, also where no command did.
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

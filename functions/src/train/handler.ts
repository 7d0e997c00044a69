import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { modelRegistry } from '@bifold/adapters/model';
import { s3Bucket } from '@bifold/adapters/s3';
import { learnsFromArchive } from '@bifold/models/engine';
import { models } from '@bifold/pipelines';
import { once, storesOfEnvironment } from '../deployment/connections.ts';
import { engineOfEnvironment } from '../deployment/engine.ts';
import { deploymentOf, setting } from '../deployment/environment.ts';
import { logger, MetricUnit, metrics, observed } from '../deployment/observed.ts';
import { learnerFunction } from './learner.ts';
import { type TrainedOnSchedule, type TrainPorts, trainOnSchedule } from './train.ts';

const { pipeline, scope } = deploymentOf();
const { plan } = pipeline;

const ports = once(async (): Promise<TrainPorts> => {
  const { database, archive } = await storesOfEnvironment();
  const bucketName = setting('MODELS_BUCKET');
  const bucket = s3Bucket({ bucket: bucketName });
  return {
    archive: archive.archive(scope),
    batch: database.batch(scope, plan.storage),
    bindings: database.bindings(scope),
    lookups: database.lookups,
    registry: modelRegistry(bucket, database.modelPointers),
    bucket,
    bucketName,
    learn: learnerFunction(setting('LEARNER_FUNCTION')),
    openEngine: engineOfEnvironment,
    newId: randomUUID,
    clock: Date.now,
    scratchFolder: tmpdir(),
  };
});

/** The event of the schedule or of a manual invocation: it names the model. */
interface TrainEvent {
  readonly model?: unknown;
}

/** Trains a new version of a model from the archive. */
export const handler = observed(
  async (event: TrainEvent | null): Promise<TrainedOnSchedule | { trained: false; reason: 'unknown-model' }> => {
    const definition = models.find(
      (one) => one.name === event?.model && one.plan?.name === plan.name && learnsFromArchive(one),
    );
    if (definition === undefined) {
      logger.error('there is no such model to train from this archive', { model: event?.model, pipeline: plan.name });
      return { trained: false, reason: 'unknown-model' };
    }
    const trained = await trainOnSchedule(definition, definition.plan ?? plan, scope, await ports());
    const isRefused = !trained.trained && trained.reason === 'refused';
    // Zero ends the alarm.
    metrics
      .singleMetric()
      .addDimension('pipeline', plan.name)
      .addMetric('refusedTrainings', MetricUnit.Count, isRefused ? 1 : 0);
    if (trained.trained) metrics.addMetric('trainedVersions', MetricUnit.Count, 1);
    // A retry would fail in the same way. The current version stays.
    if (isRefused) {
      logger.warn('nothing can be learned', { ...trained });
      return trained;
    }
    logger.info(trained.trained ? 'trained' : 'not trained', { ...trained });
    return trained;
  },
);

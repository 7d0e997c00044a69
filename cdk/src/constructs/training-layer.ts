import type { ModelDefinition } from '@bifold/models';
import { Duration, Stack } from 'aws-cdk-lib';
import { RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { allow, listObjects, objects } from '../permissions/statements.ts';
import type { BatchLayer } from './batch-layer.ts';
import { Learner, type TrainingPackage } from './learner.ts';
import { MetricAlarm } from './metric-alarm.ts';
import { modelsBucketName } from './models-bucket.ts';
import type { PipelineFunction } from './pipeline-function.ts';
import type { PipelineProps, ScheduleProps } from './pipeline-props.ts';
import { scheduledFunction } from './scheduled-function.ts';

export interface TrainingLayerProps extends PipelineProps {
  /** The source of the training function's libraries. */
  readonly training: TrainingPackage;
  /** The models that learn from this pipeline's archive. */
  readonly models: readonly ModelDefinition[];
  /** The batch layer of the same pipeline. */
  readonly batch: BatchLayer;
  /**
   * When models are trained.
   * @default - every day
   */
  readonly schedules?: Pick<ScheduleProps, 'enabled' | 'train'> | undefined;
}

/**
 * Scheduled training of models. The `train` function writes the training table from the archive,
 * and makes a version of the result. The `learn` function in between trains the model. A new
 * version is a candidate: these functions cannot promote it.
 *
 * @example
 * new TrainingLayer(stack, 'Training', {
 *   pipeline: wine,
 *   topicId,
 *   code,
 *   batch,
 *   models: [alcoholModel],
 *   training: { kind: 'zip' },
 * });
 */
export class TrainingLayer extends Construct {
  readonly train: PipelineFunction;
  readonly learner: Learner;

  constructor(scope: Construct, id: string, props: TrainingLayerProps) {
    super(scope, id);
    const { models, batch, schedules } = props;
    const { plan } = props.pipeline;
    const bucketName = modelsBucketName(this, props);
    const modelsBucketArn = `arn:${Stack.of(this).partition}:s3:::${bucketName}`;
    this.learner = new Learner(this, 'Learner', { ...props, modelsBucketArn });
    const archivePrefix = `archive/${plan.version}/`;
    const archiveArn = batch.bucket?.bucketArn ?? null;
    this.train = scheduledFunction(
      this,
      'Train',
      models.map(({ name }) => ({
        id: `Schedule-${name}`,
        schedule: schedules?.train ?? Schedule.rate(Duration.days(1)),
        enabled: schedules?.enabled ?? true,
        event: RuleTargetInput.fromObject({ model: name }),
      })),
      {
        ...props,
        role: 'train',
        description: `Trains models from the archive of ${plan.name}`,
        memorySizeMiB: 3008,
        timeout: Duration.minutes(15),
        scratchSizeMiB: 4096,
        calls: ['cassandra'],
        nativeLayer: batch.nativeLayer,
        statements: [
          ...(archiveArn === null
            ? []
            : [listObjects(archiveArn, archivePrefix), objects(['s3:GetObject'], archiveArn, archivePrefix)]),
          ...models.flatMap(({ name }) => [
            listObjects(modelsBucketArn, `models/${name}/`),
            objects(['s3:GetObject', 's3:PutObject'], modelsBucketArn, `models/${name}/`),
            listObjects(modelsBucketArn, `drafts/${name}/`),
            objects(['s3:DeleteObject', 's3:GetObject', 's3:PutObject'], modelsBucketArn, `drafts/${name}/`),
          ]),
          allow(['lambda:InvokeFunction'], [this.learner.lambda.functionArn]),
        ],
        environment: {
          ARCHIVE_BUCKET: batch.archivePlace,
          MODELS_BUCKET: bucketName,
          LEARNER_FUNCTION: this.learner.lambda.functionName,
        },
      },
    );
    new MetricAlarm(this, 'Refused', {
      pipelineName: plan.name,
      state: 'training-refused',
      role: 'train',
      metricName: 'refusedTrainings',
      alarmTopic: props.alarmTopic,
      description: `A model of ${plan.name} was not trained, the version before stays: the log of the train function says why`,
    });
  }
}

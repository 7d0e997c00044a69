import type { ModelDefinition } from '@bifold/models';
import { Duration, Stack } from 'aws-cdk-lib';
import { RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import type { BatchLayer } from './batch-layer.ts';
import { Learner } from './learner.ts';
import { MetricAlarm } from './metric-alarm.ts';
import { modelsBucketName } from './models.ts';
import { allow, listObjects, objects } from './permissions.ts';
import type { PipelineFunction, PipelineProps } from './pipeline-function.ts';
import { scheduledFunction } from './scheduled-function.ts';
import type { TrainingPackage } from './settings.ts';

interface TrainingProps extends PipelineProps {
  readonly training: TrainingPackage;
  /** The models that learn from this pipeline's archive. */
  readonly trained: readonly ModelDefinition[];
  readonly batch: BatchLayer;
}

/**
 * Models that learn again on a schedule: a function that makes the training table of the archive
 * and the version of what was learned, and one in between that learns. A new version is a
 * candidate; the pointer, which says what scores, is not theirs to move.
 */
export class TrainingLayer extends Construct {
  readonly train: PipelineFunction;
  readonly learner: Learner;

  constructor(scope: Construct, id: string, props: TrainingProps) {
    super(scope, id);
    const { plan, settings, trained, batch } = props;
    const bucketName = modelsBucketName(this, settings);
    const modelsBucketArn = `arn:${Stack.of(this).partition}:s3:::${bucketName}`;
    this.learner = new Learner(this, 'Learner', { ...props, modelsBucketArn });
    const archivePrefix = `archive/${plan.version}/`;
    const archiveArn = batch.bucket?.bucketArn ?? null;
    this.train = scheduledFunction(
      this,
      'Train',
      trained.map(({ name }) => ({
        id: `Schedule-${name}`,
        rate: settings.schedules.train,
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
          ...trained.flatMap(({ name }) => [
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
      ...{ plan, settings, state: 'training-refused', role: 'train', metricName: 'refusedTrainings' },
      description: `A model of ${plan.name} was not trained, the version before stays: the log of the train function says why`,
    });
  }
}

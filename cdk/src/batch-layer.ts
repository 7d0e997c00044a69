import { requiresHistory } from '@bifold/core/engine';
import { driftPlanOf } from '@bifold/models/engine';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { archiveBucketName, bindRights } from './archive-place.ts';
import { MetricAlarm } from './metric-alarm.ts';
import { modelsEnvironment, readModels } from './models.ts';
import { NativeLayer } from './native-layer.ts';
import { allow, listObjects, objects } from './permissions.ts';
import {
  NODE_OPTIONS,
  type PipelineFunction,
  type PipelineFunctionProps,
  type PipelineProps,
} from './pipeline-function.ts';
import { scheduledFunction } from './scheduled-function.ts';
import type { SpeedLayer } from './speed-layer.ts';

interface BatchProps extends PipelineProps {
  readonly speed: SpeedLayer;
}

/**
 * The body of the log: scheduled functions that archive it, recompute the views and sweep what
 * nothing needs any more, and the bucket that holds it, if HDFS does not.
 */
export class BatchLayer extends Construct {
  /** Null when the archive is on HDFS. */
  readonly bucket: Bucket | null;
  /** The bucket's name, or the folder's address. */
  readonly archivePlace: string;
  readonly archive: PipelineFunction;
  readonly recompute: PipelineFunction;
  readonly sweep: PipelineFunction;
  readonly nativeLayer: NativeLayer;

  constructor(scope: Construct, id: string, props: BatchProps) {
    super(scope, id);
    const { plan, settings, speed } = props;
    this.bucket =
      settings.archive !== null
        ? null
        : new Bucket(this, 'Archive', {
            bucketName: archiveBucketName(this, plan, settings) as string,
            blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
            encryption: BucketEncryption.S3_MANAGED,
            enforceSSL: true,
            removalPolicy: settings.archiveRemoval === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
          });
    this.archivePlace = settings.archive ?? (this.bucket as Bucket).bucketName;
    const bucketArn = this.bucket?.bucketArn ?? null;
    /** Rights in the bucket; HDFS has its own. */
    const inBucket = (rights: (arn: string) => readonly PolicyStatement[]): readonly PolicyStatement[] =>
      bucketArn === null ? [] : rights(bucketArn);
    const archivePrefix = `archive/${plan.version}/`;
    const viewsPrefix = `views/${plan.version}/`;
    const publicationsPrefix = `publications/${plan.version}/`;
    const nativeLayer = new NativeLayer(this, 'Native', { packages: props.nativePackages, settings });
    this.nativeLayer = nativeLayer;

    // What waits for a cut is folded when the cut is there, and not with the next record.
    const resumes = requiresHistory(plan);

    // A file of the archive is written from 32 MiB of records at most, so its function needs a heap
    // of that order. Without a limit, V8 lets a heap grow with the memory of the machine before it
    // collects anything.
    const smallHeap = { NODE_OPTIONS: `${NODE_OPTIONS} --max-semi-space-size=8 --max-old-space-size=256` };

    this.archive = this.scheduled('Archive', settings.schedules.archive, {
      ...props,
      role: 'archive',
      description: `Keeps topic ${plan.topic} as Parquet for ${plan.name}`,
      memorySizeMiB: 1024,
      timeout: Duration.minutes(10),
      scratchSizeMiB: 2048,
      calls: ['kafka'],
      nativeLayer,
      environment: smallHeap,
      statements: inBucket((arn) => [
        listObjects(arn, archivePrefix),
        objects(['s3:GetObject', 's3:PutObject'], arn, archivePrefix),
      ]),
    });
    this.recompute = this.scheduled('Recompute', settings.schedules.recompute, {
      ...props,
      role: 'recompute',
      description: `Recomputes the batch views of ${plan.name} and publishes them`,
      memorySizeMiB: 3008,
      timeout: Duration.minutes(15),
      scratchSizeMiB: 4096,
      calls: ['cassandra'],
      nativeLayer,
      statements: [
        ...inBucket((arn) => [
          listObjects(arn, archivePrefix),
          objects(['s3:GetObject'], arn, archivePrefix),
          objects(['s3:PutObject'], arn, viewsPrefix),
          listObjects(arn, publicationsPrefix),
          objects(['s3:GetObject', 's3:PutObject'], arn, publicationsPrefix),
          ...bindRights(plan, arn),
        ]),
        ...readModels(this, plan, settings),
        ...(resumes ? [allow(['lambda:InvokeFunction'], [speed.fold.lambda.functionArn])] : []),
      ],
      environment: {
        ...modelsEnvironment(this, plan, settings),
        ...(resumes ? { SPEED_FUNCTION: speed.fold.lambda.functionName } : {}),
      },
    });
    if (driftPlanOf(plan) !== null)
      new MetricAlarm(this, 'Drift', {
        ...{ plan, settings, state: 'drifted', role: 'recompute', metricName: 'driftedFeatures' },
        description: `Features or scores in ${plan.name} are far from what their model was trained on: bifold model drift ${plan.name}`,
      });
    this.sweep = this.scheduled('Sweep', settings.schedules.sweep, {
      ...props,
      role: 'sweep',
      description: `Deletes what no answer of ${plan.name} can need any more`,
      memorySizeMiB: 512,
      timeout: Duration.minutes(10),
      calls: ['cassandra'],
      statements: inBucket((arn) => [listObjects(arn, viewsPrefix), objects(['s3:DeleteObject'], arn, viewsPrefix)]),
    });
    for (const { lambda } of [this.archive, this.recompute, this.sweep])
      lambda.addEnvironment('ARCHIVE_BUCKET', this.archivePlace);
  }

  private scheduled(id: string, rate: string, props: PipelineFunctionProps): PipelineFunction {
    return scheduledFunction(this, id, [{ id: `${id}Schedule`, rate }], props);
  }
}

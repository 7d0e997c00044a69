import { requiresHistory } from '@bifold/core/engine';
import { driftPlanOf } from '@bifold/models/engine';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Schedule } from 'aws-cdk-lib/aws-events';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { allow, listObjects, objects } from '../permissions/statements.ts';
import { archiveBucketName, bindRights } from './archive-place.ts';
import { MetricAlarm } from './metric-alarm.ts';
import { modelsEnvironment, readModels } from './models-bucket.ts';
import { NativeLayer } from './native-layer.ts';
import { NODE_OPTIONS, type PipelineFunction, type PipelineFunctionProps } from './pipeline-function.ts';
import type { PipelineProps, ScheduleProps } from './pipeline-props.ts';
import { scheduledFunction } from './scheduled-function.ts';
import type { SpeedLayer } from './speed-layer.ts';

/** The options of a batch layer, besides its pipeline. */
export interface BatchLayerOptions {
  /**
   * When its functions are invoked.
   * @default - archive every minute, recompute every 5 minutes, sweep every 15 minutes
   */
  readonly schedules?: ScheduleProps | undefined;
  /**
   * The fate of the archive's bucket when the stack is destroyed. `DESTROY` fails while the bucket
   * contains objects. @default RemovalPolicy.RETAIN
   */
  readonly archiveRemovalPolicy?: RemovalPolicy | undefined;
}

export interface BatchLayerProps extends PipelineProps, BatchLayerOptions {
  /** The speed layer of the same pipeline. */
  readonly speed: SpeedLayer;
}

/**
 * The batch layer: scheduled functions that archive the log, recompute the views, and delete
 * obsolete data. It includes the bucket of the archive, unless the archive is on HDFS.
 *
 * @example
 * const batch = new BatchLayer(stack, 'Batch', {
 *   pipeline: delays,
 *   topicId,
 *   code,
 *   speed,
 *   schedules: { recompute: Schedule.rate(Duration.hours(1)) },
 * });
 */
export class BatchLayer extends Construct {
  /** Null if the archive is on HDFS. */
  readonly bucket: Bucket | null;
  /** The bucket's name, or the folder's address. */
  readonly archivePlace: string;
  readonly nativeLayer: NativeLayer;
  readonly archive: PipelineFunction;
  readonly recompute: PipelineFunction;
  readonly sweep: PipelineFunction;

  constructor(scope: Construct, id: string, props: BatchLayerProps) {
    super(scope, id);
    const { plan } = props.pipeline;
    this.bucket = this.bucketOf(props);
    this.archivePlace = props.archiveFolder ?? (this.bucket as Bucket).bucketName;
    this.nativeLayer = new NativeLayer(this, 'Native', props.code);
    this.archive = this.archiveFunction(props);
    this.recompute = this.recomputeFunction(props);
    if (driftPlanOf(plan) !== null)
      new MetricAlarm(this, 'Drift', {
        pipelineName: plan.name,
        state: 'drifted',
        role: 'recompute',
        metricName: 'driftedFeatures',
        alarmTopic: props.alarmTopic,
        description: `Features or scores in ${plan.name} are far from what their model was trained on: bifold model drift ${plan.name}`,
      });
    this.sweep = this.sweepFunction(props);
    for (const { lambda } of [this.archive, this.recompute, this.sweep])
      lambda.addEnvironment('ARCHIVE_BUCKET', this.archivePlace);
  }

  private bucketOf({ pipeline, archiveFolder, archiveRemovalPolicy }: BatchLayerProps): Bucket | null {
    const bucketName = archiveBucketName(this, { pipeline, archiveFolder });
    if (bucketName === null) return null;
    return new Bucket(this, 'Archive', {
      bucketName,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      removalPolicy: archiveRemovalPolicy ?? RemovalPolicy.RETAIN,
    });
  }

  private archiveFunction(props: BatchLayerProps): PipelineFunction {
    const { plan } = props.pipeline;
    const prefix = `archive/${plan.version}/`;
    return this.scheduled('Archive', props, props.schedules?.archive ?? Schedule.rate(Duration.minutes(1)), {
      role: 'archive',
      description: `Keeps topic ${plan.topic} as Parquet for ${plan.name}`,
      memorySizeMiB: 1024,
      timeout: Duration.minutes(10),
      scratchSizeMiB: 2048,
      calls: ['kafka'],
      nativeLayer: this.nativeLayer,
      // An archive file is written from at most 32 MiB of records, so the function needs a heap of
      // that order. Without a limit, V8 lets the heap grow with the memory of the machine before it
      // collects.
      environment: { NODE_OPTIONS: `${NODE_OPTIONS} --max-semi-space-size=8 --max-old-space-size=256` },
      statements: this.inBucket((arn) => [
        listObjects(arn, prefix),
        objects(['s3:GetObject', 's3:PutObject'], arn, prefix),
      ]),
    });
  }

  private recomputeFunction(props: BatchLayerProps): PipelineFunction {
    const { plan } = props.pipeline;
    const speed = props.speed.fold.lambda;
    // Fold records that waited for a cut as soon as it is published, instead of with the next
    // record.
    const catchesUp = requiresHistory(plan);
    return this.scheduled('Recompute', props, props.schedules?.recompute ?? Schedule.rate(Duration.minutes(5)), {
      role: 'recompute',
      description: `Recomputes the batch views of ${plan.name} and publishes them`,
      memorySizeMiB: 3008,
      timeout: Duration.minutes(15),
      scratchSizeMiB: 4096,
      calls: ['cassandra'],
      nativeLayer: this.nativeLayer,
      statements: [
        ...this.inBucket((arn) => [
          listObjects(arn, `archive/${plan.version}/`),
          objects(['s3:GetObject'], arn, `archive/${plan.version}/`),
          objects(['s3:PutObject'], arn, `views/${plan.version}/`),
          listObjects(arn, `publications/${plan.version}/`),
          objects(['s3:GetObject', 's3:PutObject'], arn, `publications/${plan.version}/`),
          ...bindRights(props, arn),
        ]),
        ...readModels(this, props),
        ...(catchesUp ? [allow(['lambda:InvokeFunction'], [speed.functionArn])] : []),
      ],
      environment: {
        ...modelsEnvironment(this, props),
        ...(catchesUp ? { SPEED_FUNCTION: speed.functionName } : {}),
      },
    });
  }

  private sweepFunction(props: BatchLayerProps): PipelineFunction {
    const { plan } = props.pipeline;
    const views = `views/${plan.version}/`;
    const publications = `publications/${plan.version}/`;
    return this.scheduled('Sweep', props, props.schedules?.sweep ?? Schedule.rate(Duration.minutes(15)), {
      role: 'sweep',
      description: `Deletes what no answer of ${plan.name} can need any more`,
      memorySizeMiB: 512,
      timeout: Duration.minutes(10),
      calls: ['cassandra'],
      statements: this.inBucket((arn) => [
        listObjects(arn, views),
        objects(['s3:DeleteObject'], arn, views),
        listObjects(arn, publications),
        objects(['s3:GetObject'], arn, publications),
      ]),
    });
  }

  /** Rights in the bucket. HDFS has its own permissions. */
  private inBucket(rights: (arn: string) => readonly PolicyStatement[]): readonly PolicyStatement[] {
    return this.bucket === null ? [] : rights(this.bucket.bucketArn);
  }

  private scheduled(
    id: string,
    props: BatchLayerProps,
    schedule: Schedule,
    ofFunction: Omit<PipelineFunctionProps, keyof PipelineProps>,
  ): PipelineFunction {
    const enabled = props.schedules?.enabled ?? true;
    return scheduledFunction(this, id, [{ id: `${id}Schedule`, schedule, enabled }], { ...props, ...ofFunction });
  }
}

import type { ModelDefinition } from '@bifold/models';
import { learnsFromArchive } from '@bifold/models/engine';
import { Aspects, Tags } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { LambdaLimits } from '../limits/lambda-limits.ts';
import type { FunctionRole } from '../names.ts';
import { BatchLayer, type BatchLayerOptions } from './batch-layer.ts';
import type { TrainingPackage } from './learner.ts';
import type { PipelineProps } from './pipeline-props.ts';
import { RelayLayer } from './relay-layer.ts';
import { ServingLayer, type ServingLayerOptions } from './serving-layer.ts';
import { SpeedLayer } from './speed-layer.ts';
import { TrainingLayer } from './training-layer.ts';

export interface BifoldPipelineProps extends PipelineProps, BatchLayerOptions, ServingLayerOptions {
  /**
   * The ids of the source topics of a join, union or repartition, by name.
   * @default - none: producers write the pipeline's topic themselves
   */
  readonly sourceTopicIds?: Readonly<Record<string, string>> | undefined;
  /**
   * Models. Those that learn from this pipeline's archive are trained on a schedule.
   * @default - none
   */
  readonly models?: readonly ModelDefinition[] | undefined;
  /**
   * The source of the training function's libraries. @default - nothing is trained on a schedule
   */
  readonly training?: TrainingPackage | undefined;
}

/**
 * One pipeline: speed layer, batch layer and serving layer.
 *
 * The names of functions and of the bucket contain the name of the pipeline. So an account and
 * region can have each pipeline only once.
 *
 * @example
 * const stack = new Stack(app, 'Delays');
 * const pipeline = new BifoldPipeline(stack, 'Pipeline', {
 *   pipeline: delays,
 *   topicId: '6ba7b810-9dad-41d1-80b4-00c04fd430c8',
 *   code: await bundleFunctions({ root: process.cwd() }),
 *   cassandra: { secretName: 'delays/cassandra' },
 *   network: { vpc, vpcSubnets: { subnetType: SubnetType.PRIVATE_WITH_EGRESS }, securityGroups },
 * });
 * new CfnOutput(stack, 'ApiUrl', { value: pipeline.serving.api.apiEndpoint });
 */
export class BifoldPipeline extends Construct {
  readonly speed: SpeedLayer;
  readonly batch: BatchLayer;
  readonly serving: ServingLayer;
  /** Null if producers write the log themselves. */
  readonly relay: RelayLayer | null;
  /** Null if no model is trained on a schedule. */
  readonly training: TrainingLayer | null;

  constructor(scope: Construct, id: string, props: BifoldPipelineProps) {
    super(scope, id);
    const { sourceTopicIds = {}, models = [], training } = props;
    const { plan } = props.pipeline;
    this.speed = new SpeedLayer(this, 'Speed', props);
    this.batch = new BatchLayer(this, 'Batch', { ...props, speed: this.speed });
    this.serving = new ServingLayer(this, 'Serving', { ...props, batch: this.batch });
    this.relay = plan.relay === undefined ? null : new RelayLayer(this, 'Relay', { ...props, sourceTopicIds });
    const learning = models.filter((model) => model.plan?.name === plan.name && learnsFromArchive(model));
    this.training =
      training === undefined || learning.length === 0
        ? null
        : new TrainingLayer(this, 'Training', { ...props, training, models: learning, batch: this.batch });

    Tags.of(this).add('bifold:pipeline', plan.name);
    Aspects.of(this).add(new LambdaLimits());
  }

  /** The names of the functions, by role. */
  get functionNames(): Readonly<Partial<Record<FunctionRole, string>>> {
    const functions = {
      speed: this.speed.fold,
      archive: this.batch.archive,
      recompute: this.batch.recompute,
      sweep: this.batch.sweep,
      query: this.serving.query,
      ...(this.relay === null ? {} : { relay: this.relay.relay }),
      ...(this.training === null ? {} : { train: this.training.train, learn: this.training.learner }),
    };
    return Object.fromEntries(Object.entries(functions).map(([role, { lambda }]) => [role, lambda.functionName]));
  }
}

import type { Plan } from '@bifold/core/engine';
import { Annotations, Aspects, CfnOutput, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { BatchLayer } from './batch-layer.ts';
import { LambdaLimits } from './limits.ts';
import { RelayLayer, type RelayProps } from './relay-layer.ts';
import { ServingLayer } from './serving-layer.ts';
import { SpeedLayer } from './speed-layer.ts';
import { TrainingLayer } from './training-layer.ts';

/** One pipeline: the head of the log, the body of it, and the merge of the two. */
export class PipelineStack extends Stack {
  readonly plan: Plan;
  readonly speed: SpeedLayer;
  readonly batch: BatchLayer;
  readonly serving: ServingLayer;
  /** Null where producers write the log themselves. */
  readonly relay: RelayLayer | null;
  /** Null where nothing is trained on a schedule. */
  readonly training: TrainingLayer | null;

  constructor(scope: Construct, id: string, props: RelayProps & StackProps) {
    super(scope, id, props);
    const { plan, topicId, settings, trained } = props;
    this.plan = plan;
    // Subnets are given by id, and nothing here asks for their routes.
    Annotations.of(this).acknowledgeWarning('@aws-cdk/aws-ec2:noSubnetRouteTableId');
    this.speed = new SpeedLayer(this, 'Speed', props);
    this.batch = new BatchLayer(this, 'Batch', { ...props, speed: this.speed });
    this.serving = new ServingLayer(this, 'Serving', { ...props, batch: this.batch });
    this.relay = plan.relay === undefined ? null : new RelayLayer(this, 'Relay', props);
    const { training } = settings;
    this.training =
      training === null || trained.length === 0
        ? null
        : new TrainingLayer(this, 'Training', { ...props, training, batch: this.batch });

    Tags.of(this).add('bifold:pipeline', plan.name);
    Aspects.of(this).add(new LambdaLimits());

    const functions = {
      speed: this.speed.fold,
      archive: this.batch.archive,
      recompute: this.batch.recompute,
      sweep: this.batch.sweep,
      query: this.serving.query,
      ...(this.relay === null ? {} : { relay: this.relay.relay }),
      ...(this.training === null ? {} : { train: this.training.train, learn: this.training.learner }),
    };
    this.output('ApiUrl', this.serving.api.apiEndpoint);
    this.output('ApiId', this.serving.api.apiId);
    this.output('ArchiveBucket', this.batch.archivePlace);
    this.output('ViewVersion', plan.version);
    this.output('TopicId', topicId);
    this.output(
      'FunctionNames',
      Object.entries(functions)
        .map(([role, { lambda }]) => `${role}=${lambda.functionName}`)
        .join(','),
    );
  }

  private output(name: string, value: string): void {
    new CfnOutput(this, name, { value });
  }
}

import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { consumerGroupId } from '../names.ts';
import { describeNetwork } from '../permissions/statements.ts';
import { archivePlace, foldRights } from './archive-place.ts';
import { KafkaSource } from './kafka-source.ts';
import { modelsEnvironment, readModels } from './models-bucket.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { PipelineProps } from './pipeline-props.ts';

export interface SpeedLayerProps extends PipelineProps {}

/**
 * The speed layer: a function that folds every batch of the topic into fragments, and the mapping
 * that invokes it. The function quarantines records that cannot be decoded.
 *
 * @example
 * const speed = new SpeedLayer(stack, 'Speed', { pipeline: delays, topicId, code });
 */
export class SpeedLayer extends Construct {
  readonly fold: PipelineFunction;

  constructor(scope: Construct, id: string, props: SpeedLayerProps) {
    super(scope, id);
    const { plan } = props.pipeline;
    this.fold = new PipelineFunction(this, 'Fold', {
      ...props,
      role: 'speed',
      description: `Folds the head of topic ${plan.topic} into the speed views of ${plan.name}`,
      memorySizeMiB: 1024,
      timeout: Duration.seconds(60),
      calls: ['kafka', 'cassandra'],
      statements: [...describeNetwork(props.network), ...readModels(this, props), ...foldRights(this, props)],
      environment: { ...modelsEnvironment(this, props), ARCHIVE_BUCKET: archivePlace(this, props) },
    });

    const kafka = new KafkaSource(this, 'Kafka', props);
    this.fold.lambda.addEventSource(kafka.of(plan.topic, consumerGroupId(plan.version, props.topicId)));
  }
}

import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { archivePlace, foldRights } from './archive-place.ts';
import { KafkaSource } from './kafka-source.ts';
import { modelsEnvironment, readModels } from './models.ts';
import { consumerGroupId } from './names.ts';
import { describeNetwork } from './permissions.ts';
import { PipelineFunction, type PipelineProps } from './pipeline-function.ts';

/**
 * The head of the log: a function that folds every batch of the topic into fragments, and the
 * mapping that invokes it. Records that cannot be folded are quarantined by the function itself.
 */
export class SpeedLayer extends Construct {
  readonly fold: PipelineFunction;

  constructor(scope: Construct, id: string, props: PipelineProps) {
    super(scope, id);
    const { plan, settings } = props;
    this.fold = new PipelineFunction(this, 'Fold', {
      ...props,
      role: 'speed',
      description: `Folds the head of topic ${plan.topic} into the speed views of ${plan.name}`,
      memorySizeMiB: 1024,
      timeout: Duration.seconds(60),
      calls: ['kafka', 'cassandra'],
      statements: [
        ...describeNetwork(settings),
        ...readModels(this, plan, settings),
        ...foldRights(this, plan, settings),
      ],
      environment: {
        ...modelsEnvironment(this, plan, settings),
        ARCHIVE_BUCKET: archivePlace(this, plan, settings),
      },
    });

    const kafka = new KafkaSource(this, 'Kafka', settings);
    this.fold.lambda.addEventSource(kafka.of(plan.topic, consumerGroupId(plan.version, props.topicId)));
  }
}

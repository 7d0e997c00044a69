import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { relayGroupId } from '../names.ts';
import { describeNetwork } from '../permissions/statements.ts';
import { KafkaSource } from './kafka-source.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { PipelineProps } from './pipeline-props.ts';

export interface RelayLayerProps extends PipelineProps {
  /** The id of each source topic, by its name. */
  readonly sourceTopicIds: Readonly<Record<string, string>>;
}

/**
 * The relay of a pipeline that joins, unions or repartitions topics: a function that copies records
 * into the repartition topic, and a mapping for each source topic.
 *
 * @example
 * new RelayLayer(stack, 'Relay', {
 *   pipeline: weatherDelays,
 *   topicId,
 *   sourceTopicIds: { departures: departuresId, weather: weatherId },
 *   code,
 * });
 */
export class RelayLayer extends Construct {
  readonly relay: PipelineFunction;

  constructor(scope: Construct, id: string, props: RelayLayerProps) {
    super(scope, id);
    const { sourceTopicIds, topicId } = props;
    const { plan } = props.pipeline;
    this.relay = new PipelineFunction(this, 'Relay', {
      ...props,
      role: 'relay',
      description: `Brings ${Object.keys(sourceTopicIds).join(' and ')} into ${plan.topic} for ${plan.name}`,
      memorySizeMiB: 512,
      timeout: Duration.seconds(60),
      calls: ['kafka'],
      statements: describeNetwork(props.network),
      environment: { RELAY_SOURCES: JSON.stringify(sourceTopicIds) },
    });
    const kafka = new KafkaSource(this, 'Kafka', props);
    for (const [topic, sourceId] of Object.entries(sourceTopicIds))
      this.relay.lambda.addEventSource(kafka.of(topic, relayGroupId(plan.topic, topicId, sourceId)));
  }
}

import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { KafkaSource } from './kafka-source.ts';
import { relayGroupId } from './names.ts';
import { describeNetwork } from './permissions.ts';
import { PipelineFunction, type PipelineProps } from './pipeline-function.ts';

export interface RelayProps extends PipelineProps {
  /** The id of each source topic. */
  readonly sources: Readonly<Record<string, string>>;
}

/**
 * What makes the log of a pipeline that joins, unites or places anew: a function that brings the
 * records of other topics into it, and a mapping for each of them.
 */
export class RelayLayer extends Construct {
  readonly relay: PipelineFunction;

  constructor(scope: Construct, id: string, props: RelayProps) {
    super(scope, id);
    const { plan, settings, sources, topicId } = props;
    const topics = Object.keys(sources);
    this.relay = new PipelineFunction(this, 'Relay', {
      ...props,
      role: 'relay',
      description: `Brings ${topics.join(' and ')} into ${plan.topic} for ${plan.name}`,
      memorySizeMiB: 512,
      timeout: Duration.seconds(60),
      calls: ['kafka'],
      statements: describeNetwork(settings),
      environment: { RELAY_SOURCES: JSON.stringify(sources) },
    });
    const kafka = new KafkaSource(this, 'Kafka', settings);
    for (const [topic, source] of Object.entries(sources))
      this.relay.lambda.addEventSource(kafka.of(topic, relayGroupId(plan.topic, topicId, source)));
  }
}

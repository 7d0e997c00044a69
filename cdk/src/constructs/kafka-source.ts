import { Fn } from 'aws-cdk-lib';
import { type IEventSource, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { AuthenticationMethod, SelfManagedKafkaEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { KafkaProps, PipelineNetwork } from './pipeline-props.ts';
import { kafkaBrokers, kafkaSecretName } from './service-environment.ts';

/**
 * Lambda's maximum. Large batches cost least, because the overhead of an invocation is paid once.
 */
const BATCH_SIZE = 10_000;

interface KafkaSourceProps {
  readonly kafka?: KafkaProps | undefined;
  readonly network?: PipelineNetwork | undefined;
}

/**
 * Event source mappings of topics, which start at the beginning of each topic.
 *
 * They have no retry limit, age limit, on-failure destination, bisecting, partial response or
 * filter. Each of these would deliver records out of order or drop them. The functions need every
 * record of a prefix of the log, in order.
 */
export class KafkaSource extends Construct {
  private readonly props: KafkaSourceProps;
  private readonly secret: ISecret;

  constructor(scope: Construct, id: string, props: KafkaSourceProps) {
    super(scope, id);
    this.props = props;
    this.secret = Secret.fromSecretNameV2(this, 'Secret', kafkaSecretName(props.kafka));
  }

  of(topic: string, consumerGroupId: string): IEventSource {
    const { kafka, network } = this.props;
    return new SelfManagedKafkaEventSource({
      topic,
      consumerGroupId,
      secret: this.secret,
      bootstrapServers: Fn.split(',', kafkaBrokers(this, kafka)),
      authenticationMethod: AuthenticationMethod.SASL_SCRAM_512_AUTH,
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: BATCH_SIZE,
      ...(kafka?.batchingWindow === undefined ? {} : { maxBatchingWindow: kafka.batchingWindow }),
      ...(network === undefined ? {} : placementOf(network)),
    });
  }
}

/** The network placement of a poller, which takes one security group. */
function placementOf({ vpc, vpcSubnets, securityGroups: [securityGroup] }: PipelineNetwork) {
  return securityGroup === undefined ? { vpc, vpcSubnets } : { vpc, vpcSubnets, securityGroup };
}

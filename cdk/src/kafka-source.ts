import { Duration, Fn } from 'aws-cdk-lib';
import { type IEventSource, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { AuthenticationMethod, SelfManagedKafkaEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { networkOf } from './pipeline-function.ts';
import type { Settings } from './settings.ts';

/**
 * The most that Lambda hands over at once: what an invocation costs besides is paid once, so large
 * batches cost least.
 */
const BATCH_SIZE = 10_000;

/**
 * Mappings of topics, all from their beginnings.
 *
 * They have no retry limit, age limit, on-failure destination, bisecting, partial response or
 * filter. Each of them hands over records out of order or gives them up, and what a function writes
 * vouches for an unbroken prefix.
 */
export class KafkaSource extends Construct {
  private readonly settings: Settings;
  private readonly secret: ISecret;
  private readonly network: ReturnType<typeof networkOf>;

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    this.settings = settings;
    this.secret = Secret.fromSecretNameV2(this, 'Secret', settings.kafka.secretName);
    this.network = networkOf(this, settings);
  }

  of(topic: string, consumerGroupId: string): IEventSource {
    const { settings, secret } = this;
    const { vpc, vpcSubnets, securityGroups } = this.network;
    const [securityGroup] = securityGroups ?? [];
    return new SelfManagedKafkaEventSource({
      ...{ topic, consumerGroupId, secret },
      bootstrapServers: Fn.split(',', StringParameter.valueForStringParameter(this, settings.kafka.brokersParameter)),
      authenticationMethod: AuthenticationMethod.SASL_SCRAM_512_AUTH,
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: BATCH_SIZE,
      ...(settings.batchingWindowSeconds === null
        ? {}
        : { maxBatchingWindow: Duration.seconds(settings.batchingWindowSeconds) }),
      ...(vpc && vpcSubnets && securityGroup ? { vpc, vpcSubnets, securityGroup } : {}),
    });
  }
}

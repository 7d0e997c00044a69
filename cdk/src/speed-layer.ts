import { Duration, Fn } from 'aws-cdk-lib';
import { StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { AuthenticationMethod, SelfManagedKafkaEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { modelsEnvironment, readModels } from './models.ts';
import { consumerGroupId } from './names.ts';
import { describeNetwork } from './permissions.ts';
import { networkOf, PipelineFunction, type PipelineProps } from './pipeline-function.ts';

/** The most that Lambda hands over at once: progress is written once an invocation, so large batches cost least. */
const BATCH_SIZE = 10_000;

/**
 * The head of the log: a function that folds every batch of the topic into fragments, and the mapping that invokes it.
 *
 * The mapping has no retry limit, age limit, on-failure destination, bisecting, partial response or filter. Each of them hands over records out of order
 * or gives them up, and progress vouches for an unbroken prefix of a segment. Records that cannot be folded are quarantined by the function itself.
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
      statements: [...describeNetwork(settings), ...readModels(this, plan, settings)],
      environment: modelsEnvironment(this, plan, settings),
    });

    const { vpc, vpcSubnets, securityGroups } = networkOf(this, settings);
    const [securityGroup] = securityGroups ?? [];
    this.fold.lambda.addEventSource(
      new SelfManagedKafkaEventSource({
        topic: plan.topic,
        consumerGroupId: consumerGroupId(plan.version, props.incarnation),
        bootstrapServers: Fn.split(',', StringParameter.valueForStringParameter(this, settings.kafka.brokersParameter)),
        secret: Secret.fromSecretNameV2(this, 'KafkaSecret', settings.kafka.secretName),
        authenticationMethod: AuthenticationMethod.SASL_SCRAM_512_AUTH,
        startingPosition: StartingPosition.TRIM_HORIZON,
        batchSize: BATCH_SIZE,
        ...(settings.batchingWindowSeconds === null
          ? {}
          : { maxBatchingWindow: Duration.seconds(settings.batchingWindowSeconds) }),
        ...(vpc && vpcSubnets && securityGroup ? { vpc, vpcSubnets, securityGroup } : {}),
      }),
    );
  }
}

import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Rule, type RuleTargetInput, type Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { PipelineFunction, type PipelineFunctionProps } from './pipeline-function.ts';

/** One schedule of a function, with its event. `id` is the id of the rule. */
interface Tick {
  readonly id: string;
  readonly schedule: Schedule;
  readonly enabled: boolean;
  readonly event?: RuleTargetInput;
}

/**
 * A function and the rules that invoke it. A failure loses no record, because the next invocation
 * does the same work. So there are few retries, and the queue of failed events is for alarms.
 */
export function scheduledFunction(
  scope: Construct,
  id: string,
  ticks: readonly Tick[],
  props: PipelineFunctionProps,
): PipelineFunction {
  const deadLetterQueue = new Queue(scope, `${id}Failures`, {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const scheduled = new PipelineFunction(scope, `${id}Function`, { ...props, deadLetterQueue });
  for (const { id: ruleId, schedule, enabled, event } of ticks)
    new Rule(scope, ruleId, {
      description: props.description,
      schedule,
      enabled,
      targets: [
        new LambdaTarget(scheduled.lambda, {
          ...(event === undefined ? {} : { event }),
          deadLetterQueue,
          retryAttempts: 2,
          maxEventAge: Duration.minutes(15),
        }),
      ],
    });
  return scheduled;
}

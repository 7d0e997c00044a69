import type { Plan } from '@bifold/core/engine';
import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { resourceName } from './names.ts';
import type { Settings } from './settings.ts';

interface MetricAlarmProps {
  readonly plan: Plan;
  readonly settings: Settings;
  /** Ends the alarm's name. */
  readonly state: string;
  readonly description: string;
  /** Which function gives the metric. */
  readonly role: string;
  readonly metricName: string;
}

/**
 * An alarm while the last value of a pipeline's metric was above zero. The topic of the context
 * value `alarmTopic` is notified.
 */
export class MetricAlarm extends Construct {
  constructor(scope: Construct, id: string, props: MetricAlarmProps) {
    super(scope, id);
    const { plan, settings, state, description, role, metricName } = props;
    const alarm = new Alarm(this, 'Alarm', {
      alarmName: `bifold-${resourceName(plan.name)}-${state}`,
      alarmDescription: description,
      metric: new Metric({
        namespace: 'Bifold',
        metricName,
        dimensionsMap: { service: `bifold-${role}`, pipeline: plan.name },
        statistic: Stats.MAXIMUM,
        period: Duration.minutes(5),
      }),
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      threshold: 1,
      evaluationPeriods: 1,
      // The last value stands until a function gives another one.
      treatMissingData: TreatMissingData.IGNORE,
    });
    if (settings.alarmTopic !== null)
      alarm.addAlarmAction(new SnsAction(Topic.fromTopicArn(this, 'Told', settings.alarmTopic)));
  }
}

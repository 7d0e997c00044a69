import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { resourceName } from '../names.ts';

interface MetricAlarmProps {
  readonly pipelineName: string;
  /** The last part of the alarm's name. */
  readonly state: string;
  readonly description: string;
  /** The function that emits the metric. */
  readonly role: string;
  readonly metricName: string;
  readonly alarmTopic: ITopic | undefined;
}

/** An alarm while the last value of a pipeline's metric was above zero. */
export class MetricAlarm extends Construct {
  constructor(scope: Construct, id: string, props: MetricAlarmProps) {
    super(scope, id);
    const { pipelineName, state, description, role, metricName, alarmTopic } = props;
    const alarm = new Alarm(this, 'Alarm', {
      alarmName: `bifold-${resourceName(pipelineName)}-${state}`,
      alarmDescription: description,
      metric: new Metric({
        namespace: 'Bifold',
        metricName,
        dimensionsMap: { service: `bifold-${role}`, pipeline: pipelineName },
        statistic: Stats.MAXIMUM,
        period: Duration.minutes(5),
      }),
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      threshold: 1,
      evaluationPeriods: 1,
      // Keep the last state until a function emits a new value.
      treatMissingData: TreatMissingData.IGNORE,
    });
    if (alarmTopic !== undefined) alarm.addAlarmAction(new SnsAction(alarmTopic));
  }
}

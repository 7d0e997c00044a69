import type { Plan } from '@bifold/core';
import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { resourceName } from './names.ts';
import type { Settings } from './settings.ts';

/** An alarm while a feature of the stream, or what a model says of it, is far from training. The recompute function measures it after it published. */
export class DriftAlarm extends Construct {
  constructor(scope: Construct, id: string, { plan, settings }: { readonly plan: Plan; readonly settings: Settings }) {
    super(scope, id);
    const alarm = new Alarm(this, 'Alarm', {
      alarmName: `bifold-${resourceName(plan.name)}-drifted`,
      alarmDescription: `Features or scores in ${plan.name} are far from what their model was trained on: bifold model drift ${plan.name}`,
      metric: new Metric({
        namespace: 'Bifold',
        metricName: 'driftedFeatures',
        dimensionsMap: { service: 'bifold-recompute', pipeline: plan.name },
        statistic: Stats.MAXIMUM,
        period: Duration.minutes(5),
      }),
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      threshold: 1,
      evaluationPeriods: 1,
      // Nothing is measured while nothing new is published: what was said last stands.
      treatMissingData: TreatMissingData.IGNORE,
    });
    if (settings.alarmTopic !== null)
      alarm.addAlarmAction(new SnsAction(Topic.fromTopicArn(this, 'Told', settings.alarmTopic)));
  }
}

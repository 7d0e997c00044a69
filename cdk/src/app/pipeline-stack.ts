import type { Plan } from '@bifold/core/engine';
import { Annotations, CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { HttpNoneAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2';
import { SecurityGroup, Subnet, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { BifoldPipeline, type BifoldPipelineProps, type PipelineNetwork } from '../constructs/index.ts';
import type { Settings } from './settings.ts';

interface PipelineStackProps
  extends StackProps,
    Pick<BifoldPipelineProps, 'pipeline' | 'topicId' | 'sourceTopicIds' | 'models' | 'code'> {
  readonly settings: Settings;
}

/**
 * The id of a construct that CloudFormation's logical ids leave out. The functions and the bucket
 * have the ids that they had when layers stood directly in the stack.
 */
const HIDDEN_ID = 'Default';

/** A stack for one pipeline, with the outputs that the command line reads. */
export class PipelineStack extends Stack {
  readonly plan: Plan;
  readonly bifold: BifoldPipeline;

  constructor(scope: Construct, id: string, { settings, ...props }: PipelineStackProps) {
    const { plan } = props.pipeline;
    super(scope, id, { ...props, tags: { 'bifold:pipeline': plan.name } });
    this.plan = plan;
    // Subnets are given by id, and their routes are not used.
    Annotations.of(this).acknowledgeWarning('@aws-cdk/aws-ec2:noSubnetRouteTableId');
    const { alarmTopicArn } = settings;
    this.bifold = new BifoldPipeline(this, HIDDEN_ID, {
      ...props,
      ...settings.props,
      network: this.networkOf(settings),
      alarmTopic: alarmTopicArn === null ? undefined : Topic.fromTopicArn(this, 'AlarmTopic', alarmTopicArn),
      authorizer: settings.openApi ? new HttpNoneAuthorizer() : undefined,
    });

    const { serving, batch, functionNames } = this.bifold;
    const functions = Object.entries(functionNames).map(([role, name]) => `${role}=${name}`);
    this.output('ApiUrl', serving.api.apiEndpoint);
    this.output('ApiId', serving.api.apiId);
    this.output('ArchiveBucket', batch.archivePlace);
    this.output('ViewVersion', plan.version);
    this.output('TopicId', props.topicId);
    this.output('FunctionNames', functions.join(','));
  }

  private networkOf({ network }: Settings): PipelineNetwork | undefined {
    if (network === null) return undefined;
    return {
      vpc: Vpc.fromVpcAttributes(this, 'Vpc', {
        vpcId: network.vpcId,
        // Only constructs that spread over zones use this. Functions get their subnets by id.
        availabilityZones: network.subnetIds.map((_, index) => `zone-${index}`),
        privateSubnetIds: [...network.subnetIds],
      }),
      vpcSubnets: { subnets: network.subnetIds.map((id) => Subnet.fromSubnetId(this, `Subnet-${id}`, id)) },
      securityGroups: network.securityGroupIds.map((id) =>
        // A mutable import would add rules to a security group that we do not own.
        SecurityGroup.fromSecurityGroupId(this, `SecurityGroup-${id}`, id, { mutable: false }),
      ),
    };
  }

  private output(name: string, value: string): void {
    new CfnOutput(this, name, { value });
  }
}

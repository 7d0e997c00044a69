import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pipeline } from '@bifold/core';
import { pipelines } from '@bifold/pipelines';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { HttpNoneAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2';
import { type IVpc, SecurityGroup, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Schedule } from 'aws-cdk-lib/aws-events';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { writeBundles, writePackages } from '../bundling/code.fixture.ts';
import { functionCode } from '../bundling/function-code.ts';
import { BatchLayer, BifoldPipeline, type BifoldPipelineProps, ServingLayer, SpeedLayer } from './index.ts';

function pipelineOf(name: string): Pipeline {
  const found = pipelines.find(({ plan }) => plan.name === name);
  if (found) return found;
  throw new Error(`no pipeline ${name}`);
}

let root: string;
let props: BifoldPipelineProps;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'bifold-constructs-'));
  const options = { root: writePackages(root), architecture: Architecture.X86_64 };
  props = {
    pipeline: pipelineOf('delays'),
    topicId: '6ba7b810-9dad-41d1-80b4-00c04fd430c8',
    code: functionCode(writeBundles(root), options),
  };
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The template of a user's own stack. */
function templateOf(build: (stack: Stack) => void): Template {
  const stack = new Stack(new App({ outdir: mkdtempSync(join(root, 'out-')) }), 'Own');
  build(stack);
  return Template.fromStack(stack);
}

function functionsOf(template: Template): unknown[] {
  return Object.values(template.findResources('AWS::Lambda::Function')).map(({ Properties }) => Properties);
}

describe('BifoldPipeline in a stack of your own', () => {
  it('needs no more than a pipeline, the id of its topic, and code', () => {
    const template = templateOf((own) => new BifoldPipeline(own, 'Delays', props));
    template.resourceCountIs('AWS::Lambda::Function', 5);
    template.hasParameter('*', { Default: '/bifold/kafka/brokers' });
    template.hasParameter('*', { Default: '/bifold/cassandra/contact-points' });
    template.hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Retain' });
    template.allResourcesProperties('AWS::ApiGatewayV2::Route', { AuthorizationType: 'AWS_IAM' });
    template.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 14 });
    for (const ScheduleExpression of ['rate(1 minute)', 'rate(5 minutes)', 'rate(15 minutes)'])
      template.hasResourceProperties('AWS::Events::Rule', { ScheduleExpression, State: 'ENABLED' });
  });

  it('takes each setting as a prop', () => {
    const template = templateOf((own) => {
      new BifoldPipeline(own, 'Delays', {
        ...props,
        kafka: { brokersParameter: '/own/brokers', batchingWindow: Duration.seconds(2) },
        cassandra: { keyspace: 'own', secretName: 'own/cassandra' },
        schedules: { recompute: Schedule.rate(Duration.hours(1)), enabled: false },
        archiveRemovalPolicy: RemovalPolicy.DESTROY,
        authorizer: new HttpNoneAuthorizer(),
        logLevel: 'DEBUG',
        logRetention: RetentionDays.ONE_MONTH,
        secretMaxAge: Duration.minutes(1),
      });
    });
    template.hasParameter('*', { Default: '/own/brokers' });
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', { MaximumBatchingWindowInSeconds: 2 });
    template.hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(1 hour)', State: 'DISABLED' });
    template.hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Delete' });
    template.allResourcesProperties('AWS::ApiGatewayV2::Route', { AuthorizationType: 'NONE' });
    template.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
    template.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'bifold-delays-query',
      Environment: {
        Variables: Match.objectLike({
          BIFOLD_KEYSPACE: 'own',
          CASSANDRA_SECRET_ARN: Match.anyValue(),
          POWERTOOLS_LOG_LEVEL: 'DEBUG',
          SECRET_MAX_AGE_SECONDS: '60',
        }),
      },
    });
  });

  it('is placed in a VPC that the same stack creates', () => {
    const template = templateOf((own) => {
      const vpc = new Vpc(own, 'Vpc', { availabilityZones: ['eu-central-1a'], natGateways: 1 }) as IVpc;
      const network = {
        vpc,
        vpcSubnets: { subnetType: SubnetType.PRIVATE_WITH_EGRESS },
        securityGroups: [new SecurityGroup(own, 'Group', { vpc })],
      };
      new BifoldPipeline(own, 'Delays', { ...props, network });
    });
    const delays = functionsOf(template).filter((one) => JSON.stringify(one).includes('bifold-delays-'));
    expect(delays).toHaveLength(5);
    for (const one of delays) expect(one).toMatchObject({ VpcConfig: { SubnetIds: [expect.anything()] } });
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      SourceAccessConfigurations: Match.arrayWith([Match.objectLike({ Type: 'VPC_SUBNET' })]),
    });
  });

  it('notifies a topic of the same stack, in the pipeline that counts drift', () => {
    const template = templateOf((own) => {
      const alarmTopic = new Topic(own, 'OnCall');
      new BifoldPipeline(own, 'Drift', { ...props, pipeline: pipelineOf('wine-drift'), alarmTopic });
    });
    const [topic = ''] = Object.keys(template.findResources('AWS::SNS::Topic'));
    template.hasResourceProperties('AWS::CloudWatch::Alarm', { AlarmActions: [{ Ref: topic }] });
  });

  it('stands beside another one', () => {
    const template = templateOf((own) => {
      new BifoldPipeline(own, 'Delays', props);
      new BifoldPipeline(own, 'Airframes', { ...props, pipeline: pipelineOf('airframes') });
    });
    template.resourceCountIs('AWS::Lambda::Function', 10);
    template.resourceCountIs('AWS::ApiGatewayV2::Api', 2);
  });

  it('forwards source topics into the log of a pipeline that joins them', () => {
    const template = templateOf((own) => {
      new BifoldPipeline(own, 'WeatherDelays', {
        ...props,
        pipeline: pipelineOf('weather-delays'),
        sourceTopicIds: { departures: props.topicId, weather: props.topicId },
      });
    });
    template.resourceCountIs('AWS::Lambda::EventSourceMapping', 3);
  });
});

describe('the layers by themselves', () => {
  it('make the functions that BifoldPipeline makes', () => {
    const whole = templateOf((own) => new BifoldPipeline(own, 'Default', props));
    const byLayer = templateOf((own) => {
      const speed = new SpeedLayer(own, 'Speed', props);
      const batch = new BatchLayer(own, 'Batch', { ...props, speed });
      new ServingLayer(own, 'Serving', { ...props, batch });
    });
    const untagged = (template: Template) =>
      functionsOf(template).map((one) => ({ ...(one as object), Tags: undefined }));
    expect(untagged(byLayer)).toEqual(untagged(whole));
  });
});

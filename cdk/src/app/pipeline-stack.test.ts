import type { Pipeline } from '@bifold/core';
import { driftPlanOf, learnsFromArchive } from '@bifold/models/engine';
import { models, pipelines } from '@bifold/pipelines';
import { describe, expect, it } from '@jest/globals';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { functionName, rolesOf, stackName } from '../names.ts';
import {
  EXAMPLE_ID,
  EXAMPLE_NETWORK,
  examplePipeline,
  type SynthesisOptions,
  synthesize,
} from './synthesis.fixture.ts';

function templateOf(options: SynthesisOptions = {}): Template {
  const [template] = synthesize(options).templates;
  if (!template) throw new Error('nothing was synthesized');
  return template;
}

function propertiesOf(template: Template, type: string): Record<string, unknown>[] {
  return Object.values(template.findResources(type)).map(({ Properties }) => Properties);
}

describe('the Kafka mapping', () => {
  const [mapping = {}] = propertiesOf(templateOf(), 'AWS::Lambda::EventSourceMapping');

  it('reads the topic from its beginning, as the group of this version and topic id', () => {
    expect(mapping).toMatchObject({
      BatchSize: 10_000,
      Topics: [examplePipeline('example').plan.topic],
      StartingPosition: 'TRIM_HORIZON',
      SelfManagedKafkaEventSourceConfig: { ConsumerGroupId: 'bifold-example-0123456789ab-6ba7b810' },
      SourceAccessConfigurations: [{ Type: 'SASL_SCRAM_512_AUTH', URI: expect.anything() }],
    });
  });

  it('takes its addresses from SSM when it is deployed', () => {
    const [parameter] = (
      mapping.SelfManagedEventSource as {
        Endpoints: { KafkaBootstrapServers: { 'Fn::Split': [string, { Ref: string }] } };
      }
    ).Endpoints.KafkaBootstrapServers['Fn::Split'].slice(1) as [{ Ref: string }];
    templateOf().hasParameter(parameter.Ref, {
      Type: 'AWS::SSM::Parameter::Value<String>',
      Default: '/bifold/kafka/brokers',
    });
  });

  it('has nothing that gives records up or hands them over out of order', () => {
    // All that AWS knows of a mapping; a property that is new here must be thought about.
    expect(Object.keys(mapping).sort()).toEqual([
      'BatchSize',
      'FunctionName',
      'SelfManagedEventSource',
      'SelfManagedKafkaEventSourceConfig',
      'SourceAccessConfigurations',
      'StartingPosition',
      'Tags',
      'Topics',
    ]);
  });

  it('waits as long as the context says, and otherwise as Kafka mappings do', () => {
    templateOf({ context: { batchingWindowSeconds: '2' } }).hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      MaximumBatchingWindowInSeconds: 2,
    });
  });
});

describe('functions', () => {
  it.each(rolesOf({}))('%s runs on the pinned runtime, knows its pipeline, and keeps its logs for a while', (role) => {
    const template = templateOf({ context: { logRetentionDays: '30' } });
    template.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: functionName('example', role),
      Runtime: 'nodejs24.x',
      Architectures: ['x86_64'],
      Environment: {
        Variables: Match.objectLike({
          BIFOLD_PIPELINE: 'example',
          BIFOLD_VERSION: 'example-0123456789ab',
          BIFOLD_TOPIC_ID: EXAMPLE_ID,
        }),
      },
    });
    template.hasResource('AWS::Logs::LogGroup', {
      DeletionPolicy: 'Delete',
      Properties: { LogGroupName: `/aws/lambda/${functionName('example', role)}`, RetentionInDays: 30 },
    });
  });

  it('have the native layer only where DuckDB is', () => {
    const layered = propertiesOf(templateOf(), 'AWS::Lambda::Function').filter(({ Layers }) => Layers);
    expect(layered.map(({ FunctionName }) => FunctionName)).toEqual([
      'bifold-example-archive',
      'bifold-example-recompute',
    ]);
    expect(() => templateOf({ native: ['speed'] })).toThrow(/BIFOLD_NATIVE_MISPLACED/);
  });

  it('are in the VPC that the context names, and otherwise in none', () => {
    const inside = templateOf({ context: EXAMPLE_NETWORK });
    for (const { VpcConfig } of propertiesOf(inside, 'AWS::Lambda::Function'))
      expect(VpcConfig).toEqual({
        SubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
        SecurityGroupIds: ['sg-0123456789abcdef0'],
      });
    inside.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      SourceAccessConfigurations: Match.arrayWith([{ Type: 'VPC_SUBNET', URI: 'subnet-0123456789abcdef0' }]),
    });
    for (const { VpcConfig } of propertiesOf(templateOf(), 'AWS::Lambda::Function')) expect(VpcConfig).toBeUndefined();
    expect(() => templateOf({ context: { vpcId: 'vpc-0123456789abcdef0' } })).toThrow(/BIFOLD_BAD_NETWORK/);
  });
});

describe('schedules', () => {
  it('invoke the three batch functions, with few retries and a queue for what failed', () => {
    const template = templateOf({ context: { recomputeRate: 'rate(1 hour)' } });
    const rules = propertiesOf(template, 'AWS::Events::Rule');
    expect(rules.map(({ ScheduleExpression, State }) => [ScheduleExpression, State])).toEqual([
      ['rate(1 minute)', 'ENABLED'],
      ['rate(1 hour)', 'ENABLED'],
      ['rate(15 minutes)', 'ENABLED'],
    ]);
    template.allResourcesProperties('AWS::Events::Rule', {
      Targets: [{ RetryPolicy: { MaximumRetryAttempts: 2 }, DeadLetterConfig: Match.anyValue() }],
    });
    template.allResourcesProperties('AWS::Lambda::EventInvokeConfig', { MaximumRetryAttempts: 2 });
    template.resourceCountIs('AWS::Lambda::EventInvokeConfig', 3);
    template.allResourcesProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true });
    expect(
      propertiesOf(template, 'AWS::Lambda::Function').filter(({ DeadLetterConfig }) => DeadLetterConfig),
    ).toHaveLength(3);
  });

  it('can be switched off, and refuse a rate that EventBridge refuses', () => {
    templateOf({ context: { schedules: 'false' } }).allResourcesProperties('AWS::Events::Rule', { State: 'DISABLED' });
    for (const sweepRate of ['rate(30 seconds)', 'rate(0 minutes)', 'rate(1 minutes)', 'hourly'])
      expect(() => templateOf({ context: { sweepRate } })).toThrow(/context value "sweepRate".*BIFOLD_BAD_CONTEXT/);
  });
});

describe('the bucket', () => {
  it('is private, encrypted and stays, under a name that is found again', () => {
    templateOf().hasResource('AWS::S3::Bucket', {
      DeletionPolicy: 'Retain',
      Properties: {
        BucketName: { 'Fn::Join': ['', ['bifold-example-', { Ref: 'AWS::AccountId' }, '-', { Ref: 'AWS::Region' }]] },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        BucketEncryption: Match.anyValue(),
      },
    });
    templateOf().hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: [{ Effect: 'Deny', Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }],
      },
    });
  });
});

describe('an archive on HDFS', () => {
  const archive = 'hdfs://namenode:9870/bifold';
  it('needs no bucket and no right in one', () => {
    const template = templateOf({ context: { archive } });
    template.resourceCountIs('AWS::S3::Bucket', 0);
    expect(JSON.stringify(propertiesOf(template, 'AWS::IAM::Role'))).not.toContain('s3:');
    const places = propertiesOf(template, 'AWS::Lambda::Function').map(
      ({ Environment }) => (Environment as { Variables: Record<string, unknown> }).Variables.ARCHIVE_BUCKET,
    );
    expect(places.filter((place) => place !== undefined)).toEqual([archive, archive, archive, archive, archive]);
    template.hasOutput('ArchiveBucket', { Value: archive });
  });

  it.each(['namenode/bifold', 's3://bucket', 'hdfs://namenode', 'hdfs://namenode/folder/'])('is not at %s', (wrong) => {
    expect(() => templateOf({ context: { archive: wrong } })).toThrow(/"archive".*hdfs:\/\/host:port\/folder/);
  });
});

describe('the query API', () => {
  it('asks for a signature of IAM unless it is opened by an explicit setting', () => {
    templateOf().allResourcesProperties('AWS::ApiGatewayV2::Route', { AuthorizationType: 'AWS_IAM' });
    templateOf({ context: { openApi: 'true' } }).allResourcesProperties('AWS::ApiGatewayV2::Route', {
      AuthorizationType: 'NONE',
    });
    expect(() => templateOf({ context: { openApi: 'yes' } })).toThrow(/"openApi".*"yes".*true, false/);
  });
});

describe('the app', () => {
  it('makes one stack for each pipeline, and bundles nothing twice', () => {
    const { templates, stacks } = synthesize({ pipelines: [examplePipeline('one'), examplePipeline('two')] });
    expect(stacks.map((stack) => stack.stackName)).toEqual(['Bifold-one', 'Bifold-two']);
    const [one, two] = templates.map((template) =>
      propertiesOf(template, 'AWS::Lambda::Function').map(({ Code }) => Code),
    );
    expect(one).toEqual(two);
  });

  it('makes every pipeline that is defined', () => {
    expect(synthesize({ pipelines }).stacks).toHaveLength(pipelines.length);
  });

  it('makes those that the context chooses, and refuses one that does not exist', () => {
    const both = [examplePipeline('one'), examplePipeline('two')];
    const { stacks } = synthesize({ pipelines: both, context: { pipelines: 'two' } });
    expect(stacks.map((stack) => stack.stackName)).toEqual(['Bifold-two']);
    expect(() => synthesize({ pipelines: both, context: { pipelines: 'three' } })).toThrow(/"three".*one, two/);
  });

  it('refuses to bind a pipeline to nothing, and takes the binding in either form', () => {
    expect(() => synthesize({ context: { topicId: '{}' } })).toThrow(/BIFOLD_NO_TOPIC_ID/);
    expect(() => synthesize({ context: { topicId: '{"example":"1"}' } })).toThrow(/got "1"/);
    expect(synthesize({ context: { topicId: '{}', 'topicId:example': EXAMPLE_ID } }).stacks).toHaveLength(1);
  });
});

describe('names', () => {
  it('are kept where AWS can carry them, and hashed where not', () => {
    expect(stackName('delays')).toBe('Bifold-delays');
    expect(functionName('delays', 'speed')).toBe('bifold-delays-speed');
    for (const name of ['Delays', 'de.lays', 'de_lays', 'a'.repeat(63), 'de.lays-2']) {
      expect(functionName(name, 'recompute')).toMatch(/^bifold-[a-z0-9-]{1,28}-recompute$/);
      expect(functionName(name, 'speed')).not.toBe(functionName('de-lays', 'speed'));
    }
  });
});

describe('the alarm of drift', () => {
  const watching = pipelines.filter(({ plan }) => driftPlanOf(plan) !== null);
  const ALARM = 'AWS::CloudWatch::Alarm';

  it('is of the metric that the recompute function gives, for the pipelines that count drift and no others', () => {
    expect(watching).not.toHaveLength(0);
    const template = templateOf({ pipelines: watching });
    template.resourceCountIs(ALARM, 1);
    template.hasResourceProperties(ALARM, {
      Namespace: 'Bifold',
      MetricName: 'driftedFeatures',
      Dimensions: Match.arrayWith([
        { Name: 'pipeline', Value: watching[0]?.plan.name },
        { Name: 'service', Value: 'bifold-recompute' },
      ]),
      Threshold: 1,
      TreatMissingData: 'ignore',
      AlarmActions: Match.absent(),
    });
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: {
        Variables: Match.objectLike({
          POWERTOOLS_SERVICE_NAME: 'bifold-recompute',
          POWERTOOLS_METRICS_NAMESPACE: 'Bifold',
        }),
      },
    });
    templateOf().resourceCountIs(ALARM, 0);
  });

  it('tells the topic that the context names', () => {
    const alarmTopic = 'arn:aws:sns:eu-central-1:123456789012:on-call';
    templateOf({ pipelines: watching, context: { alarmTopic } }).hasResourceProperties(ALARM, {
      AlarmActions: [alarmTopic],
    });
    expect(() => templateOf({ pipelines: watching, context: { alarmTopic: 'on-call' } })).toThrow('BIFOLD_BAD_CONTEXT');
  });
});

describe('the alarm of refused trainings', () => {
  it('is of the metric that the train function gives, where a pipeline trains', () => {
    const learning = pipelines.filter(({ plan }) =>
      models.some((one) => one.plan?.name === plan.name && learnsFromArchive(one)),
    );
    const [first] = learning as [Pipeline];
    const template = templateOf({ pipelines: [first], context: { training: '/tmp' } });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: `bifold-${first.plan.name}-training-refused`,
      MetricName: 'refusedTrainings',
      Dimensions: Match.arrayWith([
        { Name: 'pipeline', Value: first.plan.name },
        { Name: 'service', Value: 'bifold-train' },
      ]),
    });
  });
});

describe('training on a schedule', () => {
  const learning = pipelines.filter(({ plan }) =>
    models.some((one) => one.plan?.name === plan.name && learnsFromArchive(one)),
  );
  const [{ plan }] = learning as [Pipeline];
  const template = (training: string) => templateOf({ pipelines: [learning[0] as Pipeline], context: { training } });
  const learner = { FunctionName: functionName(plan.name, 'learn') };
  const IMAGE = '123456789012.dkr.ecr.eu-central-1.amazonaws.com/bifold/learner';

  it('is there where the context says how the learner is packaged, and a model learns from the archive', () => {
    const names = (given: Template) =>
      propertiesOf(given, 'AWS::Lambda::Function').map(({ FunctionName }) => FunctionName);
    expect(names(templateOf({ pipelines: learning }))).toHaveLength(rolesOf({}).length);
    expect(names(templateOf({ context: { training: 'zip' } }))).toHaveLength(rolesOf({}).length);
    expect(names(template('zip'))).toHaveLength(rolesOf({}).length + 2);
  });

  it('invokes one function for each model, with a queue of what failed', () => {
    const given = template('zip');
    for (const { name } of models.filter((one) => one.plan?.name === plan.name && learnsFromArchive(one)))
      given.hasResourceProperties('AWS::Events::Rule', {
        ScheduleExpression: 'rate(1 day)',
        Targets: [Match.objectLike({ Input: JSON.stringify({ model: name }), DeadLetterConfig: Match.anyValue() })],
      });
    given.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: functionName(plan.name, 'train'),
      DeadLetterConfig: Match.anyValue(),
      Environment: {
        Variables: Match.objectLike({ LEARNER_FUNCTION: Match.anyValue(), MODELS_BUCKET: Match.anyValue() }),
      },
    });
  });

  it('takes the libraries from the assets, an image from ECR, or a folder of the machine', () => {
    const zip = { ...learner, Runtime: 'python3.13', Handler: 'handler.handler' };
    template('zip').hasResourceProperties('AWS::Lambda::Function', {
      ...zip,
      Environment: {
        Variables: { LIBRARIES_BUCKET: Match.anyValue(), LIBRARIES_KEY: Match.stringLikeRegexp('\\.zip$') },
      },
    });
    template('/libraries').hasResourceProperties('AWS::Lambda::Function', {
      ...zip,
      Environment: { Variables: { LIBRARIES_FOLDER: '/libraries' } },
    });
    for (const end of [':1.2', `@sha256:${'a'.repeat(64)}`]) {
      const given = template(`${IMAGE}${end}`);
      given.hasResourceProperties('AWS::Lambda::Function', {
        ...learner,
        PackageType: 'Image',
        Runtime: Match.absent(),
      });
      expect(JSON.stringify(given.findResources('AWS::Lambda::Function', { Properties: learner }))).toContain(end);
    }
  });

  it.each(['tar', 'learner:1', IMAGE])('is refused as %s', (training) => {
    expect(() => template(training)).toThrow('BIFOLD_BAD_CONTEXT');
  });

  it('says how the libraries are packed when they are not', () => {
    expect(() =>
      templateOf({
        pipelines: learning,
        context: { training: 'zip', architecture: 'arm64', nativePlatform: 'linux-x64' },
      }),
    ).toThrow('libraries.py arm64');
  });
});

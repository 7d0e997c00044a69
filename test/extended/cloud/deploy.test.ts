import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { LambdaClient, paginateListEventSourceMappings } from '@aws-sdk/client-lambda';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import {
  consumerGroupId,
  type Deployment,
  type DeployOptions,
  deployPipeline,
  destroyPipeline,
} from '@bifold/cdk/deployment';
import { type Cloud, openCloud } from '@bifold/cloud';
import { pipelines } from '@bifold/pipelines';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../../integration/local/bifold.ts';

/**
 * The app that is meant for AWS, deployed to the emulator as it is: only context values and
 * addresses differ.
 */

const root = join(import.meta.dirname, '../../..');
const topicId = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';
const brokers = ['127.0.0.1:9092', '127.0.0.1:9093'];
const [pipeline] = pipelines;
if (!pipeline) throw new Error('layers/pipelines lists no pipeline');
const { plan } = pipeline;

let stateDir: string;
let cloud: Cloud;
let options: DeployOptions;
let aws: { region: string; endpoint: string; credentials: { accessKeyId: string; secretAccessKey: string } };

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'bifold-deploy-'));
  cloud = await openCloud({ root, stateDir, softwareDir: join(root, '.bifold', 'software') });
  await cloud.up();
  const { endpoint, region, accessKeyId, secretAccessKey } = cloud.addresses.aws;
  aws = { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
  await prepareAccount();
  options = {
    pipeline: plan.name,
    topicId,
    context: { assetsBucket: 'bifold-assets', openApi: 'true', kafkaTls: 'false', cassandraTls: 'false' },
    environment: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    },
  };
});

afterAll(async () => {
  await cloud?.down({ deleteData: true });
  rmSync(stateDir, { recursive: true, force: true });
});

/** The prerequisites of a deployment in an account. */
async function prepareAccount(): Promise<void> {
  const ssm = new SSMClient(aws);
  const { contactPoints, port, localDataCenter } = cloud.addresses.cassandra;
  const parameters = {
    '/bifold/kafka/brokers': brokers.join(','),
    '/bifold/cassandra/contact-points': contactPoints.map((host) => `${host}:${port}`).join(','),
    '/bifold/cassandra/local-data-center': localDataCenter,
  };
  for (const [Name, Value] of Object.entries(parameters))
    await ssm.send(new PutParameterCommand({ Name, Value, Type: 'String' }));
  const SecretString = JSON.stringify({ username: 'bifold', password: 'secret' });
  await new SecretsManagerClient(aws).send(new CreateSecretCommand({ Name: 'bifold/kafka', SecretString }));
  await new S3Client({ ...aws, forcePathStyle: true }).send(new CreateBucketCommand({ Bucket: 'bifold-assets' }));
}

async function mappings() {
  const found = [];
  for await (const page of paginateListEventSourceMappings({ client: new LambdaClient(aws) }, {}))
    found.push(...(page.EventSourceMappings ?? []));
  return found;
}

describe('a deployment', () => {
  let first: Deployment;

  it('is the same when it is made again', async () => {
    const lines: string[] = [];
    first = await deployPipeline({ ...options, onProgress: (line) => lines.push(line) });
    expect(first).toMatchObject({ stack: `Bifold-${plan.name}`, version: plan.version, topicId });
    expect(lines.some((line) => line.includes('AWS::Lambda::EventSourceMapping'))).toBe(true);

    const again: string[] = [];
    expect(await deployPipeline({ ...options, onProgress: (line) => again.push(line) })).toEqual(first);
    expect(again.some((line) => line.includes('(no changes)'))).toBe(true);
  });

  it('shows its Kafka mapping to whoever polls', async () => {
    expect(await mappings()).toEqual([
      expect.objectContaining({
        FunctionArn: expect.stringContaining(first.functions.speed as string),
        State: 'Enabled',
        BatchSize: 10_000,
        StartingPosition: 'TRIM_HORIZON',
        Topics: [plan.topic],
        SelfManagedEventSource: { Endpoints: { KAFKA_BOOTSTRAP_SERVERS: brokers } },
        SelfManagedKafkaEventSourceConfig: { ConsumerGroupId: consumerGroupId(plan.version, topicId) },
        SourceAccessConfigurations: [
          { Type: 'SASL_SCRAM_512_AUTH', URI: expect.stringMatching(/:secret:bifold\/kafka$/) },
        ],
      }),
    ]);
  });

  it('serves its API', async () => {
    const url = `${aws.endpoint}/_aws/execute-api/${first.apiId}/$default/views/${plan.name}`;
    const response = await fetch(`${url}?window=no-such-window`);
    expect(response.headers.get('content-type')).toContain('application/json');
    // No tables were made here: what matters is that the function answers, and in its own words.
    expect(await response.json()).toHaveProperty('code', expect.stringMatching(/^BIFOLD_/));
  });

  it('binds the mapping to the id of a new topic', async () => {
    const recreated = '7ba7b810-9dad-41d1-80b4-00c04fd430c8';
    expect(await deployPipeline({ ...options, topicId: recreated })).toMatchObject({ topicId: recreated });
    expect((await mappings()).map((mapping) => mapping.SelfManagedKafkaEventSourceConfig?.ConsumerGroupId)).toEqual([
      consumerGroupId(plan.version, recreated),
    ]);
  });

  it('tells what is wrong in the words of the app', async () => {
    await expect(deployPipeline({ ...options, topicId: 'none' })).rejects.toThrow(/BIFOLD_NO_TOPIC_ID/);
    await expect(deployPipeline({ ...options, pipeline: 'nobody' })).rejects.toThrow(/BIFOLD_UNKNOWN_PIPELINE/);
  });

  // Late, since a minute is the shortest rate: it passes while the tests above run.
  it('has its schedules fire', async () => {
    const client = new CloudWatchLogsClient(aws);
    const logGroupName = `/aws/lambda/${first.functions.archive}`;
    await until(
      'an invocation by the schedule',
      async () => (await client.send(new FilterLogEventsCommand({ logGroupName }))).events ?? [],
      (events) => events.length > 0,
    );
  });

  it('is gone when it is destroyed, and that twice', async () => {
    await destroyPipeline(options);
    await destroyPipeline(options);
    expect(await mappings()).toEqual([]);
  });
});

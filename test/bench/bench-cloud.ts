import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { type CassandraClient, connectCassandra, createTables } from '@bifold/adapters/cassandra';
import { type Deployment, deployPipeline } from '@bifold/cdk/deployment';
import {
  type Cloud,
  type CloudAddresses,
  type CloudOptions,
  type CloudPaths,
  cdkEnvironment,
  cleanEnvironment,
  cloudPaths,
  type OnProgress,
  openCloud,
  type ServiceSpec,
} from '@bifold/cloud';
import type { Plan } from '@bifold/core/engine';
import type { MappingState, TriggerState } from '@bifold/trigger';
import { PARTITIONS } from './readings.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const loopback = '127.0.0.1';
const KEYSPACE = 'bifold';
const ASSETS_BUCKET = 'bifold-assets';

export interface Invocation {
  readonly answer: unknown;
  readonly seconds: number;
  /** The most memory that it held at once, and its limit. */
  readonly peakMiB: number;
  readonly limitMiB: number;
}

/**
 * A cloud for benchmarks alone, beside the user's: the same software, its own ports, data and
 * processes.
 */
export interface BenchCloud {
  readonly addresses: CloudAddresses;
  readonly paths: CloudPaths;
  /** Starts all but the trigger, and writes what functions find by name. */
  up(): Promise<void>;
  /**
   * Deploys the pipeline without schedules; `nodeOptions` are added to those of its speed function.
   */
  deploy(plan: Plan, topicId: string, nodeOptions: string): Promise<Deployment>;
  /**
   * Starts and connects one function process per partition, so that no measurement includes their
   * start.
   */
  warmUp(deployment: Deployment): Promise<void>;
  /** Invokes a function, and reads from the report of its log what it took. */
  invoke(name: string): Promise<Invocation>;
  startTrigger(nodeOptions: string): Promise<void>;
  stopTrigger(): Promise<void>;
  /** The trigger's current state of its mappings. */
  mappings(): Promise<readonly MappingState[]>;
  cassandra(): Promise<CassandraClient>;
  /** Ends every process and deletes the data. */
  down(): Promise<void>;
}

export async function openBenchCloud(onProgress: OnProgress): Promise<BenchCloud> {
  const options = {
    root,
    stateDir: join(root, '.bifold', 'bench'),
    softwareDir: cloudPaths({ root }).softwareDir,
    onProgress,
  };
  return new LocalBenchCloud(options, await openCloud(options), await freePort());
}

class LocalBenchCloud implements BenchCloud {
  readonly #options: CloudOptions;
  /** The cloud without the trigger. */
  readonly #bare: Cloud;
  #cloud: Cloud;
  readonly #statePort: number;
  readonly #lambda: LambdaClient;
  readonly #logs: CloudWatchLogsClient;
  #connected: Promise<CassandraClient> | null = null;

  constructor(options: CloudOptions, bare: Cloud, statePort: number) {
    this.#options = options;
    this.#bare = bare;
    this.#cloud = bare;
    this.#statePort = statePort;
    this.#lambda = new LambdaClient({ ...this.#aws, requestHandler: { requestTimeout: 60_000 } });
    this.#logs = new CloudWatchLogsClient(this.#aws);
  }

  get addresses(): CloudAddresses {
    return this.#bare.addresses;
  }

  get paths(): CloudPaths {
    return this.#bare.paths;
  }

  get #aws() {
    const { endpoint, region, accessKeyId, secretAccessKey } = this.addresses.aws;
    return { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
  }

  cassandra(): Promise<CassandraClient> {
    const { contactPoints, port, localDataCenter } = this.addresses.cassandra;
    this.#connected ??= connectCassandra({
      contactPoints: contactPoints.map((host) => `${host}:${port}`),
      localDataCenter,
      keyspace: KEYSPACE,
    });
    return this.#connected;
  }

  async up(): Promise<void> {
    // Data of an interrupted run is useless.
    await this.#bare.down({ deleteData: true });
    await this.#bare.up();
    const tables = async () => createTables(await this.cassandra(), 1);
    await Promise.all([writeParameters(this.#aws, this.addresses), tables()]);
  }

  async deploy(plan: Plan, topicId: string, nodeOptions: string): Promise<Deployment> {
    const deployment = await deployPipeline({
      pipeline: plan.name,
      topicId,
      context: DEPLOYMENT,
      environment: cdkEnvironment(this.addresses),
    });
    if (nodeOptions !== '') await this.#addNodeOptions(deployment.functions.speed, nodeOptions);
    return deployment;
  }

  async #addNodeOptions(FunctionName: string, nodeOptions: string): Promise<void> {
    const { Environment } = await this.#lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
    const variables = Environment?.Variables ?? {};
    const joined = [variables.NODE_OPTIONS ?? '', nodeOptions].join(' ').trim();
    await this.#lambda.send(
      new UpdateFunctionConfigurationCommand({
        FunctionName,
        Environment: { Variables: { ...variables, NODE_OPTIONS: joined } },
      }),
    );
  }

  async warmUp({ functions }: Deployment): Promise<void> {
    const event = { eventSource: 'SelfManagedKafka', records: {} };
    const Payload = Buffer.from(JSON.stringify(event));
    // Invoked concurrently, so that each takes a separate process.
    const answers = await Promise.all(
      Array.from({ length: PARTITIONS }, () =>
        this.#lambda.send(new InvokeCommand({ FunctionName: functions.speed, Payload })),
      ),
    );
    for (const { FunctionError, Payload: said } of answers)
      if (FunctionError !== undefined)
        throw new Error(`the speed function fails when it is empty-handed: ${Buffer.from(said ?? []).toString()}`);
  }

  async invoke(name: string): Promise<Invocation> {
    const startedAtMs = performance.now();
    const client = new LambdaClient({ ...this.#aws, maxAttempts: 1, requestHandler: { requestTimeout: 900_000 } });
    const { FunctionError, Payload } = await client.send(new InvokeCommand({ FunctionName: name }));
    client.destroy();
    const seconds = (performance.now() - startedAtMs) / 1000;
    const text = Buffer.from(Payload ?? []).toString();
    if (FunctionError !== undefined) throw new Error(`${name} failed: ${text}`);
    const { events = [] } = await this.#logs.send(
      new FilterLogEventsCommand({ logGroupName: `/aws/lambda/${name}`, filterPattern: 'REPORT' }),
    );
    const [, limit, peak] = /Memory Size: (\d+) MB\tMax Memory Used: (\d+) MB/.exec(events.at(-1)?.message ?? '') ?? [];
    return { answer: JSON.parse(text), seconds, peakMiB: Number(peak), limitMiB: Number(limit) };
  }

  async startTrigger(nodeOptions: string): Promise<void> {
    this.#cloud = await this.#openWithTrigger(nodeOptions);
    await this.#cloud.up();
  }

  #openWithTrigger(nodeOptions: string): Promise<Cloud> {
    return openCloud({
      ...this.#options,
      extraServices: (addresses, paths) => [triggerService(addresses, paths, this.#statePort, nodeOptions)],
    });
  }

  async stopTrigger(): Promise<void> {
    await this.#cloud.kill('trigger', 'SIGTERM');
    const ended = async () =>
      (await this.#cloud.status()).some(({ name, state }) => name === 'trigger' && state === 'down');
    while (!(await ended())) await new Promise((resolve) => setTimeout(resolve, 50));
  }

  async mappings(): Promise<readonly MappingState[]> {
    const response = await fetch(`http://${loopback}:${this.#statePort}/state`);
    return ((await response.json()) as TriggerState).mappings;
  }

  async down(): Promise<void> {
    this.#lambda.destroy();
    this.#logs.destroy();
    await this.#connected?.then(
      (client) => client.close(),
      () => undefined,
    );
    // Include the trigger among the services, even if it was not started.
    await (await this.#openWithTrigger('')).down({ deleteData: true });
  }
}

const DEPLOYMENT = {
  assetsBucket: ASSETS_BUCKET,
  kafkaTls: 'false',
  cassandraTls: 'false',
  openApi: 'true',
  schedules: 'false',
  // The emulator runs functions as processes of this machine.
  archiveRemoval: 'delete',
};

async function writeParameters(
  aws: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } },
  { kafka, cassandra }: CloudAddresses,
): Promise<void> {
  const [ssm, secrets, s3] = [
    new SSMClient(aws),
    new SecretsManagerClient(aws),
    new S3Client({ ...aws, forcePathStyle: true }),
  ];
  const parameters = {
    '/bifold/kafka/brokers': kafka.brokersSasl,
    '/bifold/cassandra/contact-points': cassandra.contactPoints.map((host) => `${host}:${cassandra.port}`).join(','),
    '/bifold/cassandra/local-data-center': cassandra.localDataCenter,
  };
  const SecretString = JSON.stringify({ username: kafka.username, password: kafka.password });
  await Promise.all([
    ...Object.entries(parameters).map(([Name, Value]) =>
      ssm.send(new PutParameterCommand({ Name, Value, Type: 'String', Overwrite: true })),
    ),
    secrets.send(new CreateSecretCommand({ Name: 'bifold/kafka', SecretString })),
    s3.send(new CreateBucketCommand({ Bucket: ASSETS_BUCKET })),
  ]);
  for (const client of [ssm, secrets, s3]) client.destroy();
}

function triggerService(
  { aws }: CloudAddresses,
  paths: CloudPaths,
  statePort: number,
  nodeOptions: string,
): ServiceSpec {
  return {
    name: 'trigger',
    command: process.execPath,
    args: [
      fileURLToPath(import.meta.resolve('@bifold/trigger/main')),
      '--endpoint',
      aws.endpoint,
      '--region',
      aws.region,
      '--state-port',
      String(statePort),
    ],
    env: cleanEnvironment({
      AWS_ACCESS_KEY_ID: aws.accessKeyId,
      AWS_SECRET_ACCESS_KEY: aws.secretAccessKey,
      TMPDIR: join(paths.tmpDir, 'trigger'),
      ...(nodeOptions === '' ? {} : { NODE_OPTIONS: nodeOptions }),
    }),
    ports: { state: statePort },
    dependsOn: ['kafka', 'emulator'],
    health: async () => {
      try {
        const response = await fetch(`http://${loopback}:${statePort}/health`, { signal: AbortSignal.timeout(3_000) });
        await response.arrayBuffer();
        return { healthy: response.ok, detail: `health is HTTP ${response.status}` };
      } catch (error) {
        return { healthy: false, detail: error instanceof Error ? error.message : String(error) };
      }
    },
  };
}

/** A free port for this run: no other command needs to find the trigger. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port: 0, host: loopback }, () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

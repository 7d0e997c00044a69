import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BucketStores, CassandraClient, DatabaseStores, KafkaAdmin } from '@bifold/adapters';
import {
  type Cloud,
  type CloudAddresses,
  type CloudPaths,
  cleanEnvironment,
  cloudPaths,
  type OnProgress,
  openCloud,
  type ServiceSpec,
} from '@bifold/cloud';
import type { Pipeline } from '@bifold/core';
import type { Log, LookupArchive, ModelRegistry } from '@bifold/core/engine';
import type { LocalAws } from './cloud/aws.ts';
import { definitions } from './deployment/definitions.ts';
import { stepLines } from './output/terminal.ts';
import { readJson, writeJson } from './records/files.ts';
import { s3Options } from './records/s3-options.ts';

/** The keyspace of the pipelines' tables. */
export const KEYSPACE = 'bifold';
/** The bucket of the models, which pipelines share. */
export const MODELS_BUCKET = 'bifold-models';

/**
 * The context of every command: paths and addresses. Nothing is connected or loaded before its
 * first use.
 */
export interface Context {
  readonly root: string;
  readonly cloud: Cloud;
  readonly paths: CloudPaths;
  readonly addresses: CloudAddresses;
  readonly triggerPort: number;
  readonly onProgress: OnProgress;
  aws(): Promise<LocalAws>;
  cassandra(): Promise<CassandraClient>;
  /** The stores in the database. */
  database(): Promise<DatabaseStores>;
  /** The stores in the bucket of a pipeline, or in its folder of HDFS; one client for each. */
  archive(place: string): Promise<BucketStores>;
  kafkaAdmin(): Promise<KafkaAdmin>;
  models(): Promise<ModelRegistry>;
  /** Lookup tables, as they are kept outside the database. */
  lookupArchive(): Promise<LookupArchive>;
  /** The log of a topic; one for each topic. */
  log(topic: string): Promise<Log>;
  pipelines(): Promise<readonly Pipeline[]>;
  close(): Promise<void>;
}

export interface ContextOptions {
  readonly onProgress?: OnProgress;
  /** Makes HDFS a part of the cloud. */
  readonly withHdfs?: boolean;
}

const root = fileURLToPath(new URL('../../../', import.meta.url)).replace(/\/$/, '');

/**
 * Opens the cloud of this checkout, or of the folder that BIFOLD_STATE_DIR names; starts nothing.
 */
async function openContext({ onProgress = stepLines(), withHdfs = false }: ContextOptions): Promise<Context> {
  const { BIFOLD_STATE_DIR: stateDir, BIFOLD_SOFTWARE_DIR: softwareDir } = process.env;
  const options = { root, ...(stateDir ? { stateDir } : {}), ...(softwareDir ? { softwareDir } : {}) };
  const triggerPort = await keptTriggerPort(cloudPaths(options));
  const cloud = await openCloud({
    ...options,
    onProgress,
    withHdfs,
    extraServices: (addresses, paths) => [triggerService(addresses, paths, triggerPort)],
  });
  const { addresses, paths } = cloud;
  const closing: (() => Promise<unknown>)[] = [];

  const once = <T>(make: () => Promise<T>, close: (made: T) => Promise<unknown>): (() => Promise<T>) => {
    let made: Promise<T> | null = null;
    return () => {
      if (made === null) {
        const making = make();
        made = making;
        closing.push(() => making.then(close, () => undefined));
      }
      return made;
    };
  };
  const logs = new Map<string, () => Promise<Log>>();
  const archives = new Map<string, () => Promise<BucketStores>>();
  const kafka = { brokers: [addresses.kafka.brokersInternal] };

  const cassandra = once(
    async () => {
      const { connectCassandra } = await import('@bifold/adapters/cassandra');
      const { contactPoints, port, localDataCenter } = addresses.cassandra;
      return connectCassandra({
        contactPoints: contactPoints.map((host) => `${host}:${port}`),
        localDataCenter,
        keyspace: KEYSPACE,
      });
    },
    (client) => client.close(),
  );
  const modelsBucket = once(
    async () => {
      const { s3Bucket } = await import('@bifold/adapters/s3');
      return s3Bucket({ bucket: MODELS_BUCKET, ...s3Options(addresses.aws) });
    },
    async (bucket) => bucket.close(),
  );

  return {
    root,
    cloud,
    paths,
    addresses,
    triggerPort,
    onProgress,
    aws: once(
      async () => (await import('./cloud/aws.ts')).localAws(addresses.aws),
      async (aws) => aws.close(),
    ),
    cassandra,
    database: async () => (await import('@bifold/adapters/cassandra')).databaseStores(await cassandra()),
    archive: (place) => {
      const known =
        archives.get(place) ??
        once(
          async () => {
            const { bucketStores, openBucket } = await import('@bifold/adapters/s3');
            return bucketStores(openBucket(place, s3Options(addresses.aws)));
          },
          async ({ bucket }) => bucket.close(),
        );
      archives.set(place, known);
      return known();
    },
    kafkaAdmin: once(
      async () => (await import('@bifold/adapters/kafka')).kafkaAdmin(kafka),
      (admin) => admin.close(),
    ),
    log: (topic) => {
      const known =
        logs.get(topic) ??
        once(
          async () => (await import('@bifold/adapters/kafka')).kafkaLog({ ...kafka, topic }),
          (log) => log.close(),
        );
      logs.set(topic, known);
      return known();
    },
    models: async () => {
      const { modelRegistry } = await import('@bifold/adapters/model');
      const { databaseStores } = await import('@bifold/adapters/cassandra');
      return modelRegistry(await modelsBucket(), databaseStores(await cassandra()).modelPointers);
    },
    lookupArchive: async () => (await import('@bifold/adapters/s3')).s3Lookups(await modelsBucket()),
    pipelines: async () => (await definitions()).pipelines,
    close: async () => {
      await Promise.allSettled(closing.map((close) => close()));
    },
  };
}

/** Runs a command's work with a context that is closed in the end, however it ends. */
export async function withContext<T>(work: (context: Context) => Promise<T>, options: ContextOptions = {}): Promise<T> {
  const context = await openContext(options);
  try {
    return await work(context);
  } finally {
    await context.close();
  }
}

const loopback = '127.0.0.1';

/** Chosen once and kept, below the range from which systems lend ports to passing connections. */
async function keptTriggerPort(paths: CloudPaths): Promise<number> {
  const file = join(paths.stateDir, 'trigger.json');
  const kept = readJson<{ readonly statePort: number }>(file);
  if (kept !== null) return kept.statePort;
  const taken = Object.values(readJson<Record<string, number>>(paths.portsFile) ?? {});
  for (;;) {
    const statePort = 20_000 + Math.floor(Math.random() * 12_000);
    if (taken.includes(statePort) || !(await isFree(statePort))) continue;
    writeJson(file, { statePort });
    return statePort;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: loopback, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * The checkout's own Node, however this command was started: `up` from a script and from a shell
 * must agree on what runs.
 */
function ownNode(): string {
  const installed = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  return existsSync(installed) ? installed : process.execPath;
}

/** The Kafka trigger, which stands for AWS's own pollers. */
function triggerService({ aws }: CloudAddresses, paths: CloudPaths, port: number): ServiceSpec {
  const sources = join(root, 'infra', 'trigger', 'src');
  const revision = createHash('sha256');
  for (const file of readdirSync(sources, { recursive: true, encoding: 'utf8' }).sort()) {
    if (file.endsWith('.ts') && !file.endsWith('.test.ts')) revision.update(readFileSync(join(sources, file)));
  }
  return {
    name: 'trigger',
    command: ownNode(),
    args: [join(sources, 'main.ts'), '--endpoint', aws.endpoint, '--region', aws.region, '--state-port', String(port)],
    revision: revision.digest('hex'),
    env: cleanEnvironment({
      AWS_ACCESS_KEY_ID: aws.accessKeyId,
      AWS_SECRET_ACCESS_KEY: aws.secretAccessKey,
      TMPDIR: join(paths.tmpDir, 'trigger'),
    }),
    ports: { state: port },
    dependsOn: ['kafka', 'emulator'],
    health: async () => {
      try {
        const response = await fetch(`http://${loopback}:${port}/health`, { signal: AbortSignal.timeout(3_000) });
        await response.arrayBuffer();
        return response.ok
          ? { healthy: true, detail: 'follows the mappings' }
          : { healthy: false, detail: 'has not read the mappings yet' };
      } catch (error) {
        return { healthy: false, detail: error instanceof Error ? error.message : String(error) };
      }
    },
  };
}

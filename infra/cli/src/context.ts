import { fileURLToPath } from 'node:url';
import type { BucketStores, CassandraClient, DatabaseStores, KafkaAdmin } from '@bifold/adapters';
import type { KafkaOptions } from '@bifold/adapters/kafka';
import type { Bucket } from '@bifold/adapters/s3';
import {
  type Cloud,
  type CloudAddresses,
  type CloudPaths,
  cloudPaths,
  type OnProgress,
  openCloud,
} from '@bifold/cloud';
import type { Pipeline } from '@bifold/core';
import type { Log, LookupArchive, ModelRegistry } from '@bifold/core/engine';
import type { LocalAws } from './cloud/aws.ts';
import { ClientPool } from './cloud/client-pool.ts';
import { savedTriggerPort, triggerService } from './cloud/trigger-service.ts';
import { definitions } from './deployment/definitions.ts';
import { stepLines } from './output/terminal.ts';
import { s3Options } from './records/s3-options.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url)).replace(/\/$/, '');
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
  /**
   * The stores in the bucket of a pipeline, or in its folder of HDFS. Each place has one client.
   */
  archive(place: string): Promise<BucketStores>;
  kafkaAdmin(): Promise<KafkaAdmin>;
  models(): Promise<ModelRegistry>;
  /** The copies of lookup tables outside the database. */
  lookupArchive(): Promise<LookupArchive>;
  /** The log of a topic. Each topic has one client. */
  log(topic: string): Promise<Log>;
  pipelines(): Promise<readonly Pipeline[]>;
  close(): Promise<void>;
}

export interface ContextOptions {
  readonly onProgress?: OnProgress;
  /** Adds HDFS to the cloud. */
  readonly withHdfs?: boolean;
}

class CloudContext implements Context {
  readonly root = ROOT;
  readonly cloud: Cloud;
  readonly paths: CloudPaths;
  readonly addresses: CloudAddresses;
  readonly triggerPort: number;
  readonly onProgress: OnProgress;
  readonly #clients = new ClientPool();

  constructor(cloud: Cloud, triggerPort: number, onProgress: OnProgress) {
    this.cloud = cloud;
    this.paths = cloud.paths;
    this.addresses = cloud.addresses;
    this.triggerPort = triggerPort;
    this.onProgress = onProgress;
  }

  aws(): Promise<LocalAws> {
    return this.#clients.get(
      'aws',
      async () => new (await import('./cloud/aws.ts')).LocalAws(this.addresses.aws),
      (aws) => aws.close(),
    );
  }

  cassandra(): Promise<CassandraClient> {
    const { contactPoints, port, localDataCenter } = this.addresses.cassandra;
    return this.#clients.get(
      'cassandra',
      async () =>
        (await import('@bifold/adapters/cassandra')).connectCassandra({
          contactPoints: contactPoints.map((host) => `${host}:${port}`),
          localDataCenter,
          keyspace: KEYSPACE,
        }),
      (client) => client.close(),
    );
  }

  async database(): Promise<DatabaseStores> {
    return (await import('@bifold/adapters/cassandra')).databaseStores(await this.cassandra());
  }

  archive(place: string): Promise<BucketStores> {
    return this.#clients.get(
      `archive ${place}`,
      async () => {
        const { bucketStores, openBucket } = await import('@bifold/adapters/s3');
        return bucketStores(openBucket(place, s3Options(this.addresses.aws)));
      },
      ({ bucket }) => bucket.close(),
    );
  }

  kafkaAdmin(): Promise<KafkaAdmin> {
    return this.#clients.get(
      'kafkaAdmin',
      async () => (await import('@bifold/adapters/kafka')).kafkaAdmin(this.#kafka),
      (admin) => admin.close(),
    );
  }

  log(topic: string): Promise<Log> {
    return this.#clients.get(
      `log ${topic}`,
      async () => (await import('@bifold/adapters/kafka')).kafkaLog({ ...this.#kafka, topic }),
      (log) => log.close(),
    );
  }

  async models(): Promise<ModelRegistry> {
    const { modelRegistry } = await import('@bifold/adapters/model');
    return modelRegistry(await this.#modelsBucket(), (await this.database()).modelPointers);
  }

  async lookupArchive(): Promise<LookupArchive> {
    return (await import('@bifold/adapters/s3')).s3Lookups(await this.#modelsBucket());
  }

  async pipelines(): Promise<readonly Pipeline[]> {
    return (await definitions()).pipelines;
  }

  close(): Promise<void> {
    return this.#clients.close();
  }

  get #kafka(): KafkaOptions {
    return { brokers: [this.addresses.kafka.brokersInternal] };
  }

  #modelsBucket(): Promise<Bucket> {
    return this.#clients.get(
      'modelsBucket',
      async () =>
        (await import('@bifold/adapters/s3')).s3Bucket({ bucket: MODELS_BUCKET, ...s3Options(this.addresses.aws) }),
      (bucket) => bucket.close(),
    );
  }
}

/** Opens the cloud of this checkout, or of the folder in BIFOLD_STATE_DIR. It starts no service. */
async function openContext({ onProgress = stepLines(), withHdfs = false }: ContextOptions): Promise<Context> {
  const { BIFOLD_STATE_DIR: stateDir, BIFOLD_SOFTWARE_DIR: softwareDir } = process.env;
  const options = { root: ROOT, ...(stateDir ? { stateDir } : {}), ...(softwareDir ? { softwareDir } : {}) };
  const triggerPort = await savedTriggerPort(cloudPaths(options));
  const cloud = await openCloud({
    ...options,
    onProgress,
    withHdfs,
    extraServices: (addresses, paths) => [triggerService(ROOT, addresses, paths, triggerPort)],
  });
  return new CloudContext(cloud, triggerPort, onProgress);
}

/** Runs a command with a context, and always closes the context. */
export async function withContext<T>(work: (context: Context) => Promise<T>, options: ContextOptions = {}): Promise<T> {
  const context = await openContext(options);
  try {
    return await work(context);
  } finally {
    await context.close();
  }
}

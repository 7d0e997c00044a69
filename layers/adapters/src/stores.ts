import type { BindingStore, Scope } from '@bifold/core/engine';
import { archivedBindings } from './archived-bindings.ts';
import { type CassandraOptions, connectCassandra, type DatabaseStores, databaseStores } from './cassandra/index.ts';
import type { BucketOptions, BucketStores } from './s3/index.ts';

export interface StoreSettings {
  readonly cassandra: CassandraOptions;
  /** The bucket of a pipeline's archive, publications and views, or a folder of HDFS. */
  readonly archive: string;
  readonly s3?: Omit<BucketOptions, 'bucket'>;
}

/** The stores of a pipeline, in the database and in its bucket. */
export interface Stores {
  readonly database: DatabaseStores;
  readonly archive: BucketStores;
  /** The bindings in the database. Each binding is archived first. */
  archivedBindings(scope: Scope): BindingStore;
}

/** Connects to the database and to the bucket of the settings. */
export async function openStores({ cassandra, archive: location, s3 = {} }: StoreSettings): Promise<Stores> {
  // The S3 client loads while Cassandra connects: a cold start waits for the slower of the two.
  const [client, { bucketStores, openBucket }] = await Promise.all([
    connectCassandra(cassandra),
    import('./s3/index.ts'),
  ]);
  const database = databaseStores(client);
  const archive = bucketStores(openBucket(location, s3));
  return {
    database,
    archive,
    archivedBindings: (scope) => archivedBindings(database.bindings(scope), archive.bindings(scope)),
  };
}

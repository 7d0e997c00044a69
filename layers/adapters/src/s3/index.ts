export { archivedBindings } from '../archived-bindings.ts';
export { s3Archive } from './archive.ts';
export { s3Bindings } from './bindings.ts';
export { type Bucket, type BucketOptions, type Creation, type Metadata, s3Bucket } from './bucket.ts';
export { s3Lookups } from './lookups.ts';
export { openBucket } from './open-bucket.ts';
export { s3Publications } from './publications.ts';
export { type BucketStores, bucketStores } from './stores.ts';
export { s3Views } from './views.ts';

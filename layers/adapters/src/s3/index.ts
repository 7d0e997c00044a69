export { s3Archive } from './archive.ts';
export { type Bucket, type BucketOptions, s3Bucket } from './bucket.ts';
export { s3Views } from './views.ts';

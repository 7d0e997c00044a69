export { s3Archive } from './archive.ts';
export { type Bucket, type BucketOptions, type Creation, type Metadata, s3Bucket } from './bucket.ts';
export { openBucket } from './place.ts';
export { s3Publications } from './publications.ts';
export { s3Views } from './views.ts';

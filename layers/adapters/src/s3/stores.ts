import type { ArchiveStore, BindingArchive, PublicationStore, Scope, ViewStore } from '@bifold/core/engine';
import { s3Archive } from './archive.ts';
import { s3Bindings } from './bindings.ts';
import type { Bucket } from './bucket.ts';
import { s3Publications } from './publications.ts';
import { s3Views } from './views.ts';

/** The stores of a pipeline's bucket. */
export interface BucketStores {
  readonly bucket: Bucket;
  archive(scope: Scope): ArchiveStore;
  bindings(scope: Scope): BindingArchive;
  publications(scope: Scope): PublicationStore;
  views(scope: Scope): ViewStore;
}

export function bucketStores(bucket: Bucket): BucketStores {
  return {
    bucket,
    archive: (scope) => s3Archive(bucket, scope),
    bindings: (scope) => s3Bindings(bucket, scope),
    publications: (scope) => s3Publications(bucket, scope),
    views: (scope) => s3Views(bucket, scope),
  };
}

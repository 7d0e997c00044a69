import type { ArchiveStore, PublicationStore, Scope, ViewStore } from '@bifold/core/engine';
import { s3Archive } from '../s3/archive.ts';
import type { Bucket } from '../s3/bucket.ts';
import { s3Publications } from '../s3/publications.ts';
import { s3Views } from '../s3/views.ts';

export { memoryBucket } from './bucket.ts';
export { memoryCursorKeys } from './cursor-keys.ts';
export { type MemoryDatabase, memoryDatabase } from './database.ts';
export { type MemoryLog, memoryLog, type NewRecord } from './log.ts';
export { memoryModelPointers } from './model-pointers.ts';

/** The archive's own rules over any bucket, such as `memoryBucket()`. */
export const memoryArchive = (bucket: Bucket, scope: Scope): ArchiveStore => s3Archive(bucket, scope);
export const memoryViews = (bucket: Bucket, scope: Scope): ViewStore => s3Views(bucket, scope);
export const memoryPublications = (bucket: Bucket, scope: Scope): PublicationStore => s3Publications(bucket, scope);

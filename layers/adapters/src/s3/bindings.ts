import type { ArchivedBinding, BindingArchive, Scope } from '@bifold/core/engine';
import { mapOf } from '../concurrency.ts';
import type { Bucket } from './bucket.ts';
import { createText } from './small-objects.ts';

const SEGMENT_DIGITS = 16;
const REQUESTS_AT_ONCE = 32;

/**
 * Bindings in a bucket: `bindings/<version>/<topicId>/<partition>/<segment>/<name>`, each created
 * only if absent. The bound version is in the metadata, which one request returns.
 */
export function s3Bindings(bucket: Bucket, scope: Scope): BindingArchive {
  const root = `bindings/${scope.version}/${scope.topicId}/`;
  return {
    bind: (partition, requested) =>
      mapOf(requested, REQUESTS_AT_ONCE, async ({ segment, name, version }) => {
        const segmentName = String(segment).padStart(SEGMENT_DIGITS, '0');
        const key = `${root}${partition}/${segmentName}/${encodeURIComponent(name)}`;
        if (await createText(bucket, key, version, { bound: version })) return version;
        return (await bucket.head(key))?.bound ?? version;
      }),

    async all() {
      const keys = await bucket.list(root);
      return mapOf(keys, REQUESTS_AT_ONCE, async (key): Promise<ArchivedBinding> => {
        const [partition, segment, name] = key.slice(root.length).split('/') as [string, string, string];
        const version = (await bucket.head(key))?.bound ?? '';
        return { partition: Number(partition), segment: Number(segment), name: decodeURIComponent(name), version };
      });
    },
  };
}

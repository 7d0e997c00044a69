import type { Scope, ViewStore } from '@bifold/core/engine';
import type { Bucket } from './bucket.ts';

/**
 * The views of runs in a bucket: `views/<version>/<topicId>/<run>/<name>.parquet`. Run ids are
 * fresh, so only a repetition of the same write can replace a file.
 */
export function s3Views(bucket: Bucket, scope: Scope): ViewStore {
  const folder = (run: string) => `views/${scope.version}/${scope.topicId}/${run}/`;
  return {
    async put(run, name, localPath) {
      const key = `${folder(run)}${name}.parquet`;
      await bucket.put(key, localPath, {});
      return key;
    },
    deleteRun: (run) => bucket.deleteAll(folder(run)),
  };
}

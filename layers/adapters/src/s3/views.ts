import type { Scope, ViewStore } from '@bifold/core/engine';
import type { Bucket } from './bucket.ts';

/**
 * Views of runs in a bucket: `views/<version>/<topicId>/<run>/<name>.parquet`. Run ids are fresh,
 * so nothing is ever overwritten but by its own repetition.
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

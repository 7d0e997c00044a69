import type { PublicationStore, Scope } from '@bifold/core/engine';
import { pointerText, readPointerText } from '../pointer.ts';
import type { Bucket } from './bucket.ts';
import { numberedTexts } from './numbered-texts.ts';

/**
 * Published pointers in a bucket: `publications/<version>/<topicId>/`, one object for each
 * generation.
 */
export function s3Publications(bucket: Bucket, scope: Scope): PublicationStore {
  const texts = numberedTexts(bucket, `publications/${scope.version}/${scope.topicId}/`);
  return {
    async newest() {
      const newest = await texts.newest();
      return newest === null ? null : readPointerText(newest.number, newest.text);
    },
    record: (pointer) => texts.record(pointer.generation, pointerText(pointer)),
  };
}

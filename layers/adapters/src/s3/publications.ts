import type { Pointer, PublicationStore, Scope } from '@bifold/core';
import { pointerText, readPointerText } from '../pointer.ts';
import type { Bucket } from './bucket.ts';
import { createText, readText } from './small-objects.ts';

const DIGITS = 16;

/**
 * Published pointers in a bucket: `publications/<version>/<incarnation>/<order>-<generation>.json`. `order` falls as the
 * generation grows, so that the first key of a list is the newest one, however many there are.
 */
export function s3Publications(bucket: Bucket, scope: Scope): PublicationStore {
  const root = `publications/${scope.version}/${scope.incarnation}/`;
  const keyOf = (generation: number) => {
    const order = String(Number.MAX_SAFE_INTEGER - generation).padStart(DIGITS, '0');
    return `${root}${order}-${generation}.json`;
  };
  return {
    async newest() {
      const [key] = await bucket.list(root, 1);
      if (key === undefined) return null;
      const generation = Number(/-(\d+)\.json$/.exec(key)?.[1]);
      return readPointerText(generation, await readText(bucket, key));
    },

    async record(pointer: Pointer) {
      await createText(bucket, keyOf(pointer.generation), pointerText(pointer));
    },
  };
}

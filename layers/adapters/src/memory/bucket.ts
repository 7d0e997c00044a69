import { readFile, writeFile } from 'node:fs/promises';
import { AdapterError } from '../errors.ts';
import type { Bucket, Metadata } from '../s3/bucket.ts';

/** An in-memory S3 bucket. The archive and the views run on it unchanged. */
export function memoryBucket(): Bucket {
  const objects = new Map<string, { readonly bytes: Uint8Array; readonly metadata: Metadata }>();
  const list = async (prefix: string, keysMax?: number) =>
    [...objects.keys()]
      .filter((key) => key.startsWith(prefix))
      .sort()
      .slice(0, keysMax);
  return {
    async create(key, localPath, metadata) {
      const bytes = await readFile(localPath);
      if (objects.has(key)) return { kind: 'exists' };
      objects.set(key, { bytes, metadata });
      return { kind: 'created' };
    },
    async put(key, localPath, metadata) {
      objects.set(key, { bytes: await readFile(localPath), metadata });
    },
    head: async (key) => objects.get(key)?.metadata ?? null,
    async download(key, localPath) {
      const object = objects.get(key);
      if (object === undefined) {
        throw new AdapterError('BIFOLD_S3_MISSING', {
          failed: `reading ${key}`,
          received: 'no such object',
          allowed: 'a key that was written',
          remedy: 'write it first',
        });
      }
      await writeFile(localPath, object.bytes);
      return object.metadata;
    },
    list,
    async folders(prefix) {
      const names = (await list(prefix)).flatMap((key) => {
        const path = key.slice(prefix.length);
        return path.includes('/') ? [path.slice(0, path.indexOf('/'))] : [];
      });
      return [...new Set(names)];
    },
    async deleteAll(prefix) {
      for (const key of await list(prefix)) objects.delete(key);
    },
    close: () => undefined,
  };
}

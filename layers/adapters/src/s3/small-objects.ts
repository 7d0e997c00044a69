import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bucket, Metadata } from './bucket.ts';
import { createOnce } from './create-once.ts';

/** The text of an object, through a file on the local disk: buckets read and write files. */
export async function readText(bucket: Pick<Bucket, 'download'>, key: string): Promise<string> {
  return withFile(async (path) => {
    await bucket.download(key, path);
    return readFile(path, 'utf8');
  });
}

/** Creates an object of a text. @returns false when there is one already, which stays as it is */
export async function createText(
  bucket: Pick<Bucket, 'create' | 'head'>,
  key: string,
  text: string,
  metadata: Metadata = {},
): Promise<boolean> {
  return withFile(async (path) => {
    await writeFile(path, text);
    return createOnce(bucket, key, path, metadata);
  });
}

/** Writes an object of a text, and replaces one that exists. */
export async function putText(bucket: Pick<Bucket, 'put'>, key: string, text: string): Promise<void> {
  await withFile(async (path) => {
    await writeFile(path, text);
    await bucket.put(key, path, {});
  });
}

/** Runs work with the path of a temporary file, which it may create. */
export async function withFile<T>(work: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'bifold-object-'));
  try {
    return await work(join(folder, 'object'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

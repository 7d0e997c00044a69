import { randomUUID } from 'node:crypto';
import type { Bucket, Metadata } from './bucket.ts';

const ATTEMPTS_MAX = 3;

/**
 * Creates an object if there is none, and resolves to whether this call created it. After a lost
 * answer it reads whose object there is.
 */
export async function createOnce(
  bucket: Pick<Bucket, 'create' | 'head'>,
  key: string,
  localPath: string,
  metadata: Metadata,
): Promise<boolean> {
  const attempt = randomUUID();
  for (let attempts = 1; ; attempts++) {
    const creation = await bucket.create(key, localPath, { ...metadata, attempt });
    if (creation.kind === 'created') return true;
    // An earlier attempt may have created it, and its answer was lost: the metadata tells.
    const stored = attempts > 1 || creation.kind === 'unknown' ? await bucket.head(key) : null;
    if (stored !== null) return stored.attempt === attempt;
    if (creation.kind === 'exists') return false;
    if (attempts === ATTEMPTS_MAX) throw creation.error;
  }
}

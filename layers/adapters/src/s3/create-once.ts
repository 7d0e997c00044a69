import { randomUUID } from 'node:crypto';
import type { Bucket, Metadata } from './bucket.ts';

const ATTEMPTS_MAX = 3;

/**
 * Creates an object if it does not exist, and returns whether this caller created it. It also finds
 * out the result of a request that timed out.
 */
export async function createOnce(
  bucket: Pick<Bucket, 'create' | 'head'>,
  key: string,
  localPath: string,
  metadata: Metadata,
): Promise<boolean> {
  const attempt = randomUUID();
  for (let tries = 1; ; tries++) {
    const creation = await bucket.create(key, localPath, { ...metadata, attempt });
    if (creation.kind === 'created') return true;
    // The first response may have been lost. The stored object shows who created it.
    const stored = tries > 1 || creation.kind === 'unknown' ? await bucket.head(key) : null;
    if (stored !== null) return stored.attempt === attempt;
    if (creation.kind === 'exists') return false;
    if (tries === ATTEMPTS_MAX) throw creation.error;
  }
}

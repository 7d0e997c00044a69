import { randomUUID } from 'node:crypto';
import type { Bucket, Metadata } from './bucket.ts';

const ATTEMPTS_MAX = 3;

/**
 * Creates an object that is not there yet, and says whether it was us: an answer that was lost on
 * its way is found out.
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
    // The first answer may have been lost on its way: what stands there tells whose it is.
    const stored = tries > 1 || creation.kind === 'unknown' ? await bucket.head(key) : null;
    if (stored !== null) return stored.attempt === attempt;
    if (creation.kind === 'exists') return false;
    if (tries === ATTEMPTS_MAX) throw creation.error;
  }
}

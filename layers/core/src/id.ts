import { createHash } from 'node:crypto';

/**
 * A text that is longer stands as its hash: it is a key of the database, which takes none of any
 * length. Characters.
 */
const ID_LENGTH_MAX = 1_000;

/** A text as an id of the database. */
export function idOf(text: string): string {
  return text.length <= ID_LENGTH_MAX ? text : `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

import { createHash } from 'node:crypto';
import { canonicalJson } from '../plan/version.ts';
import type { AnswerRow } from './answer-row.ts';
import type { Receipt } from './receipt.ts';

/**
 * Changes with the form below, so that digests of two forms are never taken for those of two
 * answers.
 */
const FORM = 'bifold answer 1';

/**
 * The digest of an answer: `sha256:` and 64 hexadecimal digits. Equal digests are equal answers to
 * one question over the same offsets. What is hashed, as UTF-8, each line ended by a newline (of
 * which JSON text has none of its own):
 *
 * 1. `bifold answer 1`;
 * 2. the receipt without its digest;
 * 3. the rows, one a line, in the order of the answer: with their parts where these were asked for,
 *   and with `ahead` and `behind` where they have them.
 *
 * Receipt and rows are canonical JSON (RFC 8785): no spaces, the fields of an object in the order
 * of their UTF-16 code units, texts with the escapes of `JSON.stringify` and no others, numbers in
 * the shortest decimal form that reads back as the same double (ECMAScript's: -0 is 0). What JSON
 * cannot hold (a sum beyond all doubles) is null, as it is on the wire; so the digest of an answer
 * that was read from JSON is that of the answer that was written.
 */
export function digestOf(receipt: Omit<Receipt, 'digest'>, rows: Iterable<AnswerRow>): string {
  const hash = createHash('sha256');
  hash.update(`${FORM}\n${canonicalJson({ ...receipt, digest: undefined })}\n`);
  for (const row of rows) hash.update(`${canonicalJson(row)}\n`);
  return `sha256:${hash.digest('hex')}`;
}

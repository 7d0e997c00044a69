import { createHash } from 'node:crypto';
import { canonicalJson } from '../plan/version.ts';
import type { AnswerRow } from './answer-row.ts';
import type { Receipt } from './receipt.ts';

/**
 * The version of the form below. It is part of the digest, so that two forms of one answer never
 * look like two answers of one form.
 */
const FORM = 'bifold answer 1';

/**
 * The digest of an answer: `sha256:` and 64 hexadecimal digits. Equal digests are equal answers to
 * one query over the same offsets. These lines are hashed, as UTF-8, each ended by a newline (JSON
 * text contains none):
 *
 * 1. `bifold answer 1`; 2. the receipt without its digest; 3. the rows, one a line, in the order of
 * the answer: with their parts if requested, and with `ahead` and `behind` if they have them.
 *
 * Receipt and rows are canonical JSON (RFC 8785): no spaces, the fields of an object in the order
 * of their UTF-16 code units, texts with the escapes of `JSON.stringify` and no others. Numbers
 * have the shortest decimal form that reads back as the same double (ECMAScript's: -0 is 0). A
 * value that JSON cannot hold (a sum beyond all doubles) is null, as it is on the wire. So an
 * answer that was read from JSON has the digest of the answer that was written.
 */
export function digestOf(receipt: Omit<Receipt, 'digest'>, rows: Iterable<AnswerRow>): string {
  const hash = createHash('sha256');
  hash.update(`${FORM}\n${canonicalJson({ ...receipt, digest: undefined })}\n`);
  for (const row of rows) hash.update(`${canonicalJson(row)}\n`);
  return `sha256:${hash.digest('hex')}`;
}

import { hash } from 'node:crypto';
import type { Scalar } from '../../json.ts';

const number = Buffer.alloc(9);
number.write('n');

/**
 * 64 bits of a value: the first eight bytes of the SHA-1 of its canonical bytes, as a whole number,
 * highest byte first. The canonical bytes are one letter, then the value, so that another engine
 * can compute the same:
 *
 * - text and decimals: `s`, then UTF-8;
 * - numbers and timestamps: `n`, then IEEE-754 binary64, highest byte first, with -0 as 0;
 * - booleans: `b`, then `1` or `0`.
 *
 * Numbers that are equal have equal bytes, whatever type their column has. Among n values, two
 * different ones have equal hashes with a probability of about n^2 / 2^65: 2 in 10^15 for 256
 * values.
 */
export function hashOfValue(value: Exclude<Scalar, null>): bigint {
  switch (typeof value) {
    case 'string':
      return first64Bits(`s${value}`);
    case 'boolean':
      return first64Bits(value ? 'b1' : 'b0');
    case 'number':
      // Adding 0 makes -0 a 0.
      number.writeDoubleBE(value + 0, 1);
      return first64Bits(number);
  }
}

/** A cryptographic hash is uniform, and is the same on every machine. */
function first64Bits(bytes: string | Buffer): bigint {
  return hash('sha1', bytes, 'buffer').readBigUInt64BE(0);
}

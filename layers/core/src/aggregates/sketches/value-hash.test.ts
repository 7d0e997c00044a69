import { createHash } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { hashOfValue } from './value-hash.ts';

/** The bytes as the doc comment states them, by another way. */
const of = (letter: string, bytes: Buffer): bigint =>
  createHash('sha1').update(letter).update(bytes).digest().readBigUInt64BE(0);

it('hashes the canonical bytes that its documentation states', () => {
  const double = Buffer.alloc(8);
  double.writeDoubleBE(-12.5);
  expect(hashOfValue(-12.5)).toBe(of('n', double));
  expect(hashOfValue(0)).toBe(of('n', Buffer.alloc(8)));
  expect(hashOfValue(-0)).toBe(of('n', Buffer.alloc(8)));
  expect(hashOfValue('\ufeffKöln')).toBe(of('s', Buffer.from([0xef, 0xbb, 0xbf, 0x4b, 0xc3, 0xb6, 0x6c, 0x6e])));
  expect(hashOfValue('')).toBe(of('s', Buffer.alloc(0)));
  expect(hashOfValue(true)).toBe(of('b', Buffer.from('1')));
  expect(hashOfValue(false)).toBe(of('b', Buffer.from('0')));
});

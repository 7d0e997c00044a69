import { expect, it } from '@jest/globals';
import type { KeyedRecord } from './produce.ts';
import { RecordDigest } from './record-digest.ts';

function digestOf(...records: readonly KeyedRecord[]): string {
  const digest = new RecordDigest();
  for (const record of records) digest.add(record);
  return digest.text();
}

it('differs when bytes move between keys, values and records', () => {
  const digests = [
    digestOf(),
    digestOf({ key: null, value: 'ab' }),
    digestOf({ key: '', value: 'ab' }),
    digestOf({ key: 'a', value: 'b' }),
    digestOf({ key: 'ab', value: '' }),
    digestOf({ key: null, value: 'a' }, { key: null, value: 'b' }),
    digestOf({ key: null, value: 'b' }, { key: null, value: 'a' }),
  ];
  expect(new Set(digests).size).toBe(digests.length);
});

it('goes on after it was asked for, and takes text and its bytes as the same', () => {
  const digest = new RecordDigest();
  digest.add({ key: 'ä', value: 'x' });
  expect(digest.text()).toBe(digestOf({ key: 'ä', value: Buffer.from('x') }));
  digest.add({ key: null, value: 'y' });
  expect(digest.text()).toBe(digestOf({ key: 'ä', value: 'x' }, { key: null, value: 'y' }));
});

import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Plan } from './plan.ts';
import { canonicalJson, deepFreeze, versionOf } from './version.ts';

/** Plain data, its objects' keys in any order. */
const data = fc.jsonValue({ maxDepth: 4 });

function reversed(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(reversed);
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, entry]) => [key, reversed(entry)])
      .reverse(),
  );
}

describe('canonicalJson', () => {
  it('is JSON of the same data', () => {
    fc.assert(
      fc.property(data, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('is one text, whatever the order of keys', () => {
    fc.assert(
      fc.property(data, (value) => {
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
      }),
    );
  });

  it('sorts keys at every depth, keeps lists in their order, and leaves out what is not there', () => {
    expect(canonicalJson({ b: [2, 1, { d: null, c: 'x' }], a: true, gone: undefined })).toBe(
      '{"a":true,"b":[2,1,{"c":"x","d":null}]}',
    );
    expect(canonicalJson([undefined, null])).toBe('[null,null]');
    expect(canonicalJson(undefined)).toBe('null');
  });
});

describe('versionOf', () => {
  it('is the name, and the first 48 bits of the hash of the plan and the storage format', () => {
    const plan = { name: 'rides', groupBy: ['city'] } as unknown as Plan;
    const text = '{"format":3,"groupBy":["city"],"name":"rides"}';
    const hash = createHash('sha256').update(text).digest('hex');
    expect(versionOf(plan)).toBe(`rides-${hash.slice(0, 12)}`);
  });
});

describe('deepFreeze', () => {
  it('freezes all the way down, also below what is frozen already, and gives back the same', () => {
    const inner = { list: [{ deep: 1 }], nothing: null };
    const value = Object.freeze({ inner, text: 'x' });
    expect(deepFreeze(value)).toBe(value);
    for (const part of [inner, inner.list, inner.list[0]]) expect(Object.isFrozen(part)).toBe(true);
  });

  it('takes what cannot be frozen as it is', () => {
    for (const value of [null, undefined, 5, 'x', true]) expect(deepFreeze(value)).toBe(value);
  });
});

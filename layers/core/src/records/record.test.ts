import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { schemaOf } from '../definition/source/standard-schema.fixture.ts';
import { decoderOf, POISON_REASONS } from '../engine.ts';
import type { Pipeline } from '../index.ts';
import { bytes, columnValue, decode, GOOD, good, NAMES, nest, raw, rides, without } from './rides.fixture.ts';

describe('records that are no events', () => {
  it.each<{ name: string; value: Buffer | null; reason: string; says?: string }>([
    { name: 'a tombstone', value: null, reason: 'tombstone', says: 'null' },
    { name: 'nothing', value: bytes(''), reason: 'not-json' },
    { name: 'blanks', value: bytes('  '), reason: 'not-json' },
    { name: 'malformed JSON', value: bytes('{"at":'), reason: 'not-json', says: 'JSON' },
    { name: 'two values', value: bytes('{}{}'), reason: 'not-json' },
    { name: 'NaN', value: raw('fare', 'NaN'), reason: 'not-json' },
    { name: 'a byte order mark', value: bytes(`\ufeff${JSON.stringify(GOOD)}`), reason: 'not-json' },
    { name: 'truncated UTF-8', value: Buffer.concat([bytes('{"city":"'), Buffer.of(0xe2, 0x82)]), reason: 'not-utf8' },
    {
      name: 'an encoded surrogate',
      value: Buffer.concat([bytes('{"city":"'), Buffer.of(0xed, 0xa0, 0x80), bytes('"}')]),
      reason: 'not-utf8',
    },
    { name: 'UTF-16', value: Buffer.from(JSON.stringify({ ...GOOD, city: 'Zürich' }), 'utf16le'), reason: 'not-utf8' },
    { name: 'an overlong form', value: Buffer.of(0xc0, 0x80), reason: 'not-utf8', says: 'UTF-8' },
    { name: 'a decimal that is text', value: good({ price: 'a lot' }), reason: 'wrong-type', says: 'price' },
    { name: 'a decimal of 39 digits', value: good({ price: '1'.repeat(39) }), reason: 'wrong-type', says: 'decimal' },
    { name: 'null', value: bytes('null'), reason: 'not-an-object', says: 'null' },
    { name: 'an array', value: bytes('[{}]'), reason: 'not-an-object', says: 'array' },
    { name: 'a number', value: bytes('17'), reason: 'not-an-object', says: 'number' },
    { name: 'a text', value: bytes('"x"'), reason: 'not-an-object', says: 'string' },
    { name: '100,000 arrays in one another', value: bytes(nest(100_000)), reason: 'not-an-object' },
    { name: '100,000 arrays in a field of text', value: raw('city', nest(100_000)), reason: 'invalid', says: 'city' },
    {
      name: '100,000 arrays in a field of anything',
      value: raw('extra', nest(100_000)),
      reason: 'wrong-type',
      says: 'extra is nested deeper than 100 levels',
    },
    { name: '101 arrays in a field of anything', value: raw('extra', nest(101)), reason: 'wrong-type', says: 'extra' },
    {
      name: '100,000 objects in a field of anything',
      value: raw('extra', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`),
      reason: 'wrong-type',
    },
    { name: 'an empty object', value: bytes('{}'), reason: 'invalid' },
    { name: 'no event time', value: without('at'), reason: 'invalid', says: 'at' },
    { name: 'an event time of null', value: good({ at: null }), reason: 'invalid', says: 'at' },
    { name: 'an event time that is no date', value: good({ at: 'yesterday' }), reason: 'invalid', says: 'at' },
    { name: 'February 30', value: good({ at: '2013-02-30T00:00:00Z' }), reason: 'invalid', says: 'at' },
    { name: 'text for a number', value: good({ fare: '2.5' }), reason: 'invalid', says: 'fare' },
    { name: 'a number for text', value: good({ city: 5 }), reason: 'invalid', says: 'city' },
    { name: 'null where there must be text', value: good({ city: null }), reason: 'invalid', says: 'city' },
    { name: 'a number beyond doubles', value: raw('fare', '1e400'), reason: 'invalid', says: 'fare' },
    { name: 'a fraction for an integer', value: good({ seats: 1.5 }), reason: 'invalid', says: 'seats' },
    {
      name: 'an integer that doubles cannot tell apart',
      value: raw('seats', '9007199254740993'),
      reason: 'invalid',
      says: 'seats',
    },
    {
      name: 'a lone surrogate',
      value: raw('city', '"\\ud800"'),
      reason: 'wrong-type',
      says: 'city is not of type text',
    },
    { name: 'prototype keys instead of fields', value: bytes('{"__proto__":{"city":"x"}}'), reason: 'invalid' },
    {
      name: 'a key of 900 kB',
      value: good({ city: 'x'.repeat(900_000) }),
      reason: 'wrong-type',
      says: 'city: more than 60000 bytes',
    },
    {
      name: 'a key that is long once escaped',
      value: good({ city: '\u0001'.repeat(10_001) }),
      reason: 'wrong-type',
      says: 'city',
    },
  ])('$name is $reason', ({ value, reason, says }) => {
    const decoded = decode(value);
    expect(decoded).toMatchObject({ kind: 'poison', reason });
    if (decoded.kind === 'poison') {
      expect(decoded.detail).toContain(says ?? '');
      expect(decoded.detail.length).toBeLessThanOrEqual(500);
      expect(decoded.detail.isWellFormed()).toBe(true);
    }
  });
});

describe('records that are events, oddly written', () => {
  it.each<{ name: string; value: Buffer; field: string; is: unknown }>([
    { name: 'blanks around', value: bytes(` \n${JSON.stringify(GOOD)}\t`), field: 'city', is: 'New York' },
    { name: 'fields that nobody asked for', value: good({ more: nest(10) }), field: 'city', is: 'New York' },
    {
      name: 'a field that nobody asked for, 100,000 deep',
      value: raw('more', nest(100_000)),
      field: 'city',
      is: 'New York',
    },
    {
      name: 'duplicate keys: the last counts',
      value: bytes(`{"city":"Rome",${JSON.stringify(GOOD).slice(1)}`),
      field: 'city',
      is: 'New York',
    },
    { name: 'a __proto__ key', value: raw('__proto__', '{"city":"Rome"}'), field: 'city', is: 'New York' },
    { name: 'minus zero is zero', value: raw('fare', '-0.0'), field: 'fare', is: 0 },
    { name: 'minus zero is zero, also as an integer', value: raw('seats', '-0'), field: 'seats', is: 0 },
    { name: 'an integer with a fraction of zero', value: raw('seats', '4.0e0'), field: 'seats', is: 4 },
    { name: 'too small for doubles', value: raw('fare', '1e-400'), field: 'fare', is: 0 },
    { name: 'the largest double', value: good({ fare: Number.MAX_VALUE }), field: 'fare', is: Number.MAX_VALUE },
    {
      name: 'more digits than doubles have',
      value: raw('fare', '0.1000000000000000055511151231257827'),
      field: 'fare',
      is: 0.1,
    },
    { name: 'an optional field that is missing', value: without('seats'), field: 'seats', is: null },
    { name: 'null where it may be', value: good({ fare: null }), field: 'fare', is: null },
    {
      name: 'a long text in no key',
      value: good({ extra: 'x'.repeat(900_000) }),
      field: 'extra',
      is: JSON.stringify('x'.repeat(900_000)),
    },
    { name: '100 levels', value: raw('extra', nest(100)), field: 'extra', is: nest(100) },
    { name: 'a NUL in text', value: good({ city: 'a\0b' }), field: 'city', is: 'a\0b' },
    { name: 'text beyond the first plane', value: good({ city: '\u{1f600}' }), field: 'city', is: '\u{1f600}' },
    { name: 'text that is empty', value: good({ city: '' }), field: 'city', is: '' },
    { name: 'text that is not normalised stays so', value: good({ city: 'e\u0301' }), field: 'city', is: 'e\u0301' },
    {
      name: 'a lone surrogate in a field of anything stays an escape',
      value: raw('extra', '["\\udc00"]'),
      field: 'extra',
      is: '["\\udc00"]',
    },
    { name: 'null where anything may be', value: good({ extra: null }), field: 'extra', is: null },
  ])('$name', ({ value, field: name, is }) => {
    expect(columnValue(decode(value), name)).toBe(is);
  });

  it('reads a part of a larger buffer', () => {
    const whole = Buffer.concat([bytes('xx'), bytes(GOOD), bytes('yy')]);
    expect(decode(new Uint8Array(whole.buffer, whole.byteOffset + 2, whole.length - 4)).kind).toBe('event');
  });
});

describe('the decoder, whatever comes', () => {
  const expectDecoded = (value: Uint8Array | null): void => {
    const decoded = decode(value);
    if (decoded.kind === 'poison') {
      expect(POISON_REASONS).toContain(decoded.reason);
      return;
    }
    expect(Number.isInteger(decoded.timeMs) && Math.abs(decoded.timeMs) <= 8.64e15).toBe(true);
    for (const each of decoded.values) {
      if (typeof each === 'number') expect(Number.isFinite(each) && !Object.is(each, -0)).toBe(true);
      if (typeof each === 'string') expect(each.isWellFormed()).toBe(true);
    }
    expect(decode(value)).toEqual(decoded);
  };

  it('answers for random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), expectDecoded), { numRuns: 500 });
  });

  it('answers for random JSON', () => {
    fc.assert(
      fc.property(fc.json(), (text) => expectDecoded(Buffer.from(text))),
      { numRuns: 500 },
    );
  });

  it('answers for good records with one value changed, and cut anywhere', () => {
    fc.assert(
      fc.property(fc.constantFrom(...NAMES, '__proto__', 'constructor'), fc.json(), fc.nat(), (name, text, cut) => {
        const value = raw(name, text);
        expectDecoded(value);
        expectDecoded(value.subarray(0, cut % (value.length + 1)));
      }),
      { numRuns: 500 },
    );
  });

  it('tells what a schema says, and where, in 500 units at most and no half character', () => {
    const detailOf = (...issues: readonly object[]): string => {
      const decoded = decoderOf({ ...rides, schema: schemaOf({}, () => ({ issues: issues as never })) })(bytes(GOOD));
      return decoded.kind === 'poison' && decoded.reason === 'invalid' ? decoded.detail : 'no such poison';
    };
    expect(detailOf({ message: 'too dear' }, { message: 'too late' })).toBe('too dear');
    expect(detailOf({ message: 'too dear', path: [] })).toBe('too dear');
    expect(detailOf({ message: 'too dear', path: ['rides', { key: 7 }, 'fare'] })).toBe('rides.7.fare: too dear');
    expect(detailOf({ message: 'x'.repeat(501) })).toBe('x'.repeat(500));
    expect(detailOf({ message: `${'x'.repeat(499)}\u{1f600}` })).toBe(`${'x'.repeat(499)}\ufffd`);
    expect(detailOf({ message: '\ud800' })).toBe('\ufffd');
  });

  it('takes a schema that says that there are no issues for one that says yes', () => {
    const schema = schemaOf({}, () => ({ issues: [] }));
    expect(decoderOf({ ...rides, schema })(bytes(GOOD)).kind).toBe('event');
  });

  it('takes a schema that throws for one that says no, and one that answers later for a mistake', () => {
    const of = (validate: () => never | Promise<never>): Pipeline => ({
      ...rides,
      schema: schemaOf({}, validate),
    });
    const throwing = of(() => {
      throw new Error('no such luck');
    });
    expect(decoderOf(throwing)(bytes(GOOD))).toMatchObject({
      kind: 'poison',
      reason: 'invalid',
      detail: expect.stringContaining('no such luck'),
    });
    const later = of(() => new Promise<never>(() => undefined));
    expect(() => decoderOf(later)(bytes(GOOD))).toThrow(
      expect.objectContaining({
        code: 'BIFOLD_SCHEMA_ASYNC',
        explanation: {
          failed: 'a schema validates asynchronously',
          received: 'a promise',
          allowed: expect.stringContaining('synchronously'),
          remedy: expect.stringContaining('asynchronous refinements'),
        },
      }),
    );
    const text = of(() => {
      throw 'no error at all';
    });
    expect(decoderOf(text)(bytes(GOOD))).toMatchObject({ detail: 'the schema threw: no error at all' });
  });
});

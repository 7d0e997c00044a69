import {
  coalesce,
  concat,
  count,
  definePipeline,
  field,
  lookup,
  type Pipeline,
  split,
  table,
  topic,
  tumbling,
  when,
} from '@bifold/core';
import {
  type AnyExpression,
  type ColumnType,
  columnReader,
  columnsOf,
  type Decoded,
  decoderOf,
  POISON_REASONS,
} from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { schemaOf } from './standard-schema.ts';

const Event = z.object({
  at: z.iso.datetime(),
  city: z.string(),
  fare: z.number().nullable(),
  seats: z.int().optional(),
  price: z.string().meta({ format: 'decimal' }).optional(),
  night: z.boolean(),
  extra: z.unknown(),
});
const rides = definePipeline({
  name: 'rides',
  from: topic('rides', { schema: Event, schemaVersion: 1, partitionBy: 'city', eventTime: 'at' }),
  groupBy: ['city'],
  windows: { hourly: tumbling('1h') },
  aggregates: { n: count() },
});
const decode = decoderOf(rides);
const GOOD = { at: '2013-01-01T10:00:00Z', city: 'New York', fare: 2.5, seats: 4, night: false, extra: null };
const NAMES = rides.plan.columns.map((column) => column.name);

const bytes = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const good = (change: Record<string, unknown>): Buffer => bytes({ ...GOOD, ...change });
/** A good record whose value of `name` is this JSON text. */
const raw = (name: string, text: string): Buffer => {
  const rest = Object.entries(GOOD).filter(([other]) => other !== name);
  return bytes(`{${rest.map(([other, value]) => `"${other}":${JSON.stringify(value)}`).join(',')},"${name}":${text}}`);
};
const without = (name: string): Buffer =>
  bytes(Object.fromEntries(Object.entries(GOOD).filter(([other]) => other !== name)));
const columnValue = (decoded: Decoded, name: string): unknown =>
  decoded.kind === 'event' ? decoded.values[NAMES.indexOf(name)] : decoded;
const nest = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

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

/** A library may call a text a date-time without looking: then the decoder must look. */
const loose = (
  eventTime: { field: string; unit: 's' | 'ms' | 'us' } | string,
  at: unknown,
): ReturnType<typeof decoderOf> => {
  const schema = schemaOf({ at, key: { type: 'string' } });
  const from = topic('loose', { schema, schemaVersion: 1, partitionBy: 'key' as never, eventTime: eventTime as never });
  return decoderOf(
    definePipeline({
      name: 'loose',
      from,
      groupBy: ['key' as never],
      windows: { w: tumbling('1h') },
      aggregates: { n: count() },
    }),
  );
};
const timeOf = (decoded: Decoded): unknown => (decoded.kind === 'event' ? decoded.timeMs : decoded.reason);

describe('event times', () => {
  it.each([
    { at: '2013-01-01T00:00:00Z', is: Date.UTC(2013, 0, 1) },
    { at: '2013-01-01t00:00:00z', is: Date.UTC(2013, 0, 1) },
    { at: '2013-01-01T00:00:00.5+01:30', is: Date.UTC(2012, 11, 31, 22, 30, 0, 500) },
    { at: '2013-01-01t00:00:00-05:00', is: Date.UTC(2013, 0, 1, 5) },
    { at: '2013-01-01T00:00:00.123999Z', is: Date.UTC(2013, 0, 1, 0, 0, 0, 123) },
    { at: '2012-02-29T00:00:00Z', is: Date.UTC(2012, 1, 29) },
    { at: '1969-12-31T23:59:59.999Z', is: -1 },
    { at: '0000-02-29T00:00:00Z', is: Date.parse('0000-02-29T00:00:00Z') },
    { at: '9999-12-31T23:59:59Z', is: Date.UTC(9999, 11, 31, 23, 59, 59) },
    { at: '2013-02-29T00:00:00Z', is: 'wrong-type' },
    { at: '1900-02-29T00:00:00Z', is: 'wrong-type' },
    { at: '2013-02-30T00:00:00Z', is: 'wrong-type' },
    { at: '2013-04-31T00:00:00Z', is: 'wrong-type' },
    { at: '2013-01-32T00:00:00Z', is: 'wrong-type' },
    { at: '2013-00-01T00:00:00Z', is: 'wrong-type' },
    { at: '2013-13-01T00:00:00Z', is: 'wrong-type' },
    { at: '2013-01-01T24:00:00Z', is: 'wrong-type' },
    { at: '2013-01-01T23:60:00Z', is: 'wrong-type' },
    { at: '2013-01-01T23:59:60Z', is: 'wrong-type' },
    { at: '2013-01-01T00:00:00+24:00', is: 'wrong-type' },
    { at: '2013-01-01T00:00:00', is: 'wrong-type' },
    { at: '2013-01-01', is: 'wrong-type' },
    { at: '2013-01-01 00:00:00Z', is: 'wrong-type' },
    { at: '+010000-01-01T00:00:00Z', is: 'wrong-type' },
    { at: 'Tue, 01 Jan 2013 00:00:00 GMT', is: 'wrong-type' },
    { at: '2013-01-01T00:00:00Z\n', is: 'wrong-type' },
    { at: '2013-01-01T00:00:00Z (UTC)', is: 'wrong-type' },
    { at: '', is: 'wrong-type' },
    { at: 1_356_998_400_000, is: 'wrong-type' },
    { at: null, is: 'wrong-type' },
  ])('the text $at is $is', ({ at, is }) => {
    expect(timeOf(loose('at', { type: 'string', format: 'date-time' })(bytes({ at, key: 'k' })))).toBe(is);
  });

  it('stands in any column', () => {
    const schema = schemaOf({ key: { type: 'string' }, when: { type: 'integer' } });
    const from = topic('when', {
      schema,
      schemaVersion: 1,
      partitionBy: 'key' as never,
      eventTime: { field: 'when', unit: 's' } as never,
    });
    const windows = { w: tumbling('1h') };
    const decoder = decoderOf(
      definePipeline({ name: 'when', from, groupBy: ['key' as never], windows, aggregates: { n: count() } }),
    );
    expect(timeOf(decoder(bytes({ key: 'k', when: 2 })))).toBe(2000);
  });

  it('is missing where a schema makes it optional', () => {
    const decoder = loose('at', { anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] });
    expect(decoder(bytes({ at: null, key: 'k' }))).toEqual({
      kind: 'poison',
      reason: 'bad-event-time',
      detail: 'at is no time',
    });
    expect(timeOf(decoder(bytes({ key: 'k' })))).toBe('bad-event-time');
    // Nothing is not 1970.
    const epoch = loose({ field: 'at', unit: 's' }, { anyOf: [{ type: 'integer' }, { type: 'null' }] });
    expect(timeOf(epoch(bytes({ at: null, key: 'k' })))).toBe('bad-event-time');
  });

  it.each([
    { unit: 's', at: 0, is: 0 },
    { unit: 's', at: -1, is: -1000 },
    { unit: 's', at: 8.64e12, is: 8.64e15 },
    { unit: 's', at: -8.64e12, is: -8.64e15 },
    { unit: 's', at: 8.64e12 + 1, is: 'bad-event-time' },
    { unit: 's', at: Number.MAX_SAFE_INTEGER, is: 'bad-event-time' },
    { unit: 'ms', at: 8.64e15, is: 8.64e15 },
    { unit: 'ms', at: 8.64e15 + 1, is: 'bad-event-time' },
    { unit: 'ms', at: -8.64e15 - 1, is: 'bad-event-time' },
    { unit: 'us', at: 1999, is: 1 },
    { unit: 'us', at: -1, is: -1 },
    { unit: 'us', at: -1000, is: -1 },
    { unit: 'us', at: -1001, is: -2 },
    { unit: 'us', at: Number.MAX_SAFE_INTEGER, is: 9007199254740 },
    { unit: 'us', at: 9007199254739999, is: 9007199254739 },
    { unit: 'ms', at: 1.5, is: 'wrong-type' },
    { unit: 'ms', at: 2 ** 53, is: 'wrong-type' },
    { unit: 'ms', at: '5', is: 'wrong-type' },
    { unit: 'ms', at: null, is: 'wrong-type' },
  ] as const)('the number $at in $unit is $is', ({ unit, at, is }) => {
    expect(timeOf(loose({ field: 'at', unit }, { type: 'integer' })(bytes({ at, key: 'k' })))).toBe(is);
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
      const decoded = decoderOf({ plan: rides.plan, schema: schemaOf({}, () => ({ issues: issues as never })) })(
        bytes(GOOD),
      );
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
    expect(decoderOf({ plan: rides.plan, schema })(bytes(GOOD)).kind).toBe('event');
  });

  it('takes a schema that throws for one that says no, and one that answers later for a mistake', () => {
    const of = (validate: () => never | Promise<never>): Pipeline => ({
      plan: rides.plan,
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
          allowed: expect.stringContaining('at once'),
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

describe('keys that no database row could have', () => {
  const Place = z.object({ code: z.string(), name: z.string() });
  const pipeline = definePipeline({
    name: 'long',
    from: topic('long', {
      schema: Event.extend({ place: z.string(), note: z.string() }),
      schemaVersion: 1,
      partitionBy: 'city',
      eventTime: 'at',
    }),
    lookups: { spot: lookup(table('places', { schema: Place, key: 'code' }), { on: 'place' }) },
    derive: { copied: field('city'), again: field('copied') },
    groupBy: ['again'],
    windows: { w: tumbling('1h') },
    aggregates: { n: count() },
  });
  it.each([
    { name: 'city', kind: 'poison' },
    { name: 'place', kind: 'poison' },
    { name: 'note', kind: 'event' },
  ])('$name of 70 kB: $kind', ({ name, kind }) => {
    const record = { ...GOOD, place: 'p', note: 'n', [name]: 'é'.repeat(35_000) };
    expect(decoderOf(pipeline)(bytes(record)).kind).toBe(kind);
  });

  // The limit is 60,000 bytes of JSON, quotes and escapes among them, of all keys together.
  it.each([
    { name: 'just short enough', city: 'x'.repeat(59_995), place: 'p', kind: 'event' },
    { name: 'one byte too long', city: 'x'.repeat(59_996), place: 'p', kind: 'poison' },
    { name: 'long together', city: 'x'.repeat(30_000), place: 'é'.repeat(15_000), kind: 'poison' },
    { name: 'short enough together', city: 'x'.repeat(30_000), place: 'é'.repeat(14_997), kind: 'event' },
  ])('$name: $kind', ({ city, place, kind }) => {
    const decoded = decoderOf(pipeline)(bytes({ ...GOOD, city, place, note: 'n' }));
    expect(decoded.kind).toBe(kind);
    if (decoded.kind === 'poison')
      expect(decoded).toMatchObject({
        reason: 'wrong-type',
        detail: expect.stringContaining('city, place: more than'),
      });
  });
});

describe('keys that are computed', () => {
  const [city, note] = [field('city'), field('note')];
  /** How long a city may be, in letters, beside a note of 10,000. */
  it.each<[what: string, key: AnyExpression, letters: number]>([
    ['of both', concat(city, note), 60_000 - 10_002 - 2],
    ['of one twice', concat(city, city), 29_998],
    ['of one and a constant', concat('éé', city), 60_000 - 6 - 2],
    ['of the first that is there, at most both', coalesce(city, note), 60_000 - 10_002 - 2],
    ['of the first that is there, not of one twice', coalesce(city, city.upper()), 59_998],
    ['of one or the other, at most both', when(field('fare').gt(1), note).otherwise(city), 60_000 - 10_002 - 2],
    ['of one or the other, not of one twice', when(field('fare').gt(1), city).otherwise(city.upper()), 59_998],
    ['of a part, as if it were the whole', city.substring(0, 3), 59_998],
    ['of other letters', city.lower(), 59_998],
  ])('%s', (_, key, letters) => {
    const decode = decoderOf(
      definePipeline({
        name: 'computed',
        from: topic('long', {
          schema: Event.extend({ note: z.string() }),
          schemaVersion: 1,
          partitionBy: 'city',
          eventTime: 'at',
        }),
        derive: { key } as Record<never, never>,
        groupBy: ['key' as never],
        windows: { w: tumbling('1h') },
        aggregates: { n: count() },
      }) as Pipeline,
    );
    const kinds = [letters, letters + 1].map(
      (length) => decode(bytes({ ...GOOD, city: 'x'.repeat(length), note: 'n'.repeat(10_000) })).kind,
    );
    expect(kinds).toEqual(['event', 'poison']);
  });
});

describe('keys that are escaped', () => {
  it('count with their escapes, as often as they are there', () => {
    const decode = decoderOf(
      definePipeline({
        name: 'escaped',
        from: topic('long', { schema: Event, schemaVersion: 1, partitionBy: 'city', eventTime: 'at' }),
        derive: { twice: concat(field('city'), field('city')) },
        groupBy: ['twice'],
        windows: { w: tumbling('1h') },
        aggregates: { n: count() },
      }) as Pipeline,
    );
    // Six bytes each, and two quotes, twice.
    const kinds = [4_999, 5_001].map((length) => decode(bytes({ ...GOOD, city: '\u0001'.repeat(length) })).kind);
    expect(kinds).toEqual(['event', 'poison']);
  });
});

describe('keys of a text beside others', () => {
  it('are as long as the text, and named by it', () => {
    const decode = decoderOf(
      definePipeline({
        name: 'beside',
        from: topic('long', { schema: Event, schemaVersion: 1, partitionBy: 'city', eventTime: 'at' }),
        derive: { band: when(field('fare').gt(1), 1).otherwise(2) },
        groupBy: ['city', 'night', 'fare', 'band'],
        windows: { w: tumbling('1h') },
        aggregates: { n: count() },
      }) as Pipeline,
    );
    const [most, more] = [59_998, 59_999].map((length) => decode(bytes({ ...GOOD, city: 'x'.repeat(length) })));
    expect(most?.kind).toBe('event');
    expect(more).toMatchObject({ detail: 'city: more than 60000 bytes, too long for a key' });
  });
});

describe('keys of items', () => {
  const grouped = (key: 'word' | 'city') =>
    decoderOf(
      definePipeline({
        name: 'words',
        from: topic('long', {
          schema: Event.extend({ note: z.string() }),
          schemaVersion: 1,
          partitionBy: 'city',
          eventTime: 'at',
        }),
        flatMap: { word: split('note', ' ') },
        groupBy: [key],
        windows: { w: tumbling('1h') },
        aggregates: { n: count() },
      }) as Pipeline,
    );
  const long = 'x'.repeat(70_000);
  it('are named where they are too long, and only where they are keys', () => {
    const detail = ': more than 60000 bytes, too long for a key';
    const poison = { kind: 'poison', reason: 'wrong-type' };
    expect(grouped('word')(bytes({ ...GOOD, note: `a ${long}` }))).toEqual({ ...poison, detail: `word${detail}` });
    expect(grouped('city')(bytes({ ...GOOD, note: `a ${long}` })).kind).toBe('event');
    expect(grouped('city')(bytes({ ...GOOD, city: long, note: 'a' }))).toEqual({ ...poison, detail: `city${detail}` });
  });
});

describe('the value of a column', () => {
  const WIRE = ['x', '', '2013-01-01T00:00:00Z', '-01.50', 1, 1.5, -0, 2 ** 53, true, false, [1], { a: 'b' }] as const;
  it.each<{ type: ColumnType; read: Readonly<Record<string, unknown>> }>([
    { type: 'integer', read: { '1': 1, '0': 0 } },
    { type: 'double', read: { '1': 1, '1.5': 1.5, '0': 0, '9007199254740992': 2 ** 53 } },
    {
      type: 'text',
      read: { '"x"': 'x', '""': '', '"2013-01-01T00:00:00Z"': '2013-01-01T00:00:00Z', '"-01.50"': '-01.50' },
    },
    { type: 'boolean', read: { true: true, false: false } },
    { type: 'timestamp', read: { '"2013-01-01T00:00:00Z"': Date.UTC(2013, 0, 1) } },
    { type: 'decimal', read: { '"-01.50"': '-1.5' } },
    { type: 'json', read: Object.fromEntries(WIRE.map((value) => [JSON.stringify(value), JSON.stringify(value)])) },
  ])('of type $type is read from that type alone', ({ type, read }) => {
    for (const nullable of [true, false]) {
      const reader = columnReader({ name: 'c', type, nullable });
      for (const value of WIRE) expect([value, reader(value)]).toEqual([value, read[JSON.stringify(value)]]);
      for (const nothing of [null, undefined]) expect(reader(nothing)).toBe(nullable ? null : undefined);
    }
  });
});

describe('columns of a schema', () => {
  const columnOf = (schema: z.ZodType): unknown => {
    const [column] = columnsOf('a test', z.object({ c: schema }));
    return `${column?.type}${column?.nullable ? ' or null' : ''}`;
  };
  it.each([
    { name: 'z.string()', schema: z.string(), is: 'text' },
    { name: 'z.string().nullable()', schema: z.string().nullable(), is: 'text or null' },
    { name: 'z.string().nullish()', schema: z.string().nullish(), is: 'text or null' },
    { name: 'z.string().default', schema: z.string().default('x'), is: 'text or null' },
    { name: 'nullable twice', schema: z.union([z.string().nullable(), z.null()]), is: 'text or null' },
    { name: 'z.enum', schema: z.enum(['a', 'b']), is: 'text' },
    { name: 'z.int()', schema: z.int(), is: 'integer' },
    { name: 'z.number()', schema: z.number(), is: 'double' },
    { name: 'z.union of numbers', schema: z.union([z.int(), z.number().nullable()]), is: 'double or null' },
    { name: 'z.boolean()', schema: z.boolean(), is: 'boolean' },
    { name: 'z.iso.datetime()', schema: z.iso.datetime(), is: 'timestamp' },
    { name: 'text of format decimal', schema: z.string().meta({ format: 'decimal' }), is: 'decimal' },
    { name: 'z.iso.date()', schema: z.iso.date(), is: 'text' },
    { name: 'z.unknown()', schema: z.unknown(), is: 'json or null' },
    { name: 'z.array', schema: z.array(z.string()), is: 'json' },
    { name: 'z.object', schema: z.object({ a: z.string() }), is: 'json' },
    { name: 'text or number', schema: z.union([z.string(), z.number()]), is: 'json' },
    { name: 'text, number or null, nested', schema: z.union([z.string().nullable(), z.number()]), is: 'json or null' },
    {
      name: 'one of several objects, or null',
      schema: z.discriminatedUnion('k', [z.object({ k: z.literal('a') }), z.object({ k: z.literal('b') })]).nullable(),
      is: 'json or null',
    },
  ])('$name is $is', ({ schema, is }) => {
    expect(columnOf(schema)).toBe(is);
  });
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CodecError } from '../errors.ts';
import { Reader, Writer } from './codec.ts';

type Item =
  | { readonly kind: 'unsigned' | 'byte' | 'double'; readonly value: number }
  | { readonly kind: 'big'; readonly value: bigint }
  | { readonly kind: 'text'; readonly value: string };

const item: fc.Arbitrary<Item> = fc.oneof(
  fc.record({ kind: fc.constant('unsigned' as const), value: fc.maxSafeNat() }),
  fc.record({
    kind: fc.constant('unsigned' as const),
    value: fc.constantFrom(0, 127, 128, 16383, 16384, 2 ** 31, 2 ** 32, 2 ** 53 - 1),
  }),
  fc.record({ kind: fc.constant('byte' as const), value: fc.nat({ max: 255 }) }),
  fc.record({ kind: fc.constant('double' as const), value: fc.double() }),
  fc.record({ kind: fc.constant('big' as const), value: fc.bigInt() }),
  fc.record({ kind: fc.constant('big' as const), value: fc.nat({ max: 3000 }).map((bits) => -(1n << BigInt(bits))) }),
  fc.record({ kind: fc.constant('text' as const), value: fc.string({ unit: 'binary' }) }),
);

function write(items: readonly Item[], writer = new Writer()): Buffer {
  for (const { kind, value } of items) {
    if (kind === 'big') writer.big(value);
    else if (kind === 'text') writer.text(value);
    else writer[kind](value);
  }
  return writer.take();
}

function read(items: readonly Item[], cell: Uint8Array): unknown[] {
  const reader = new Reader(cell);
  const values = items.map(({ kind }) => reader[kind]());
  reader.end();
  return values;
}

describe('Writer and Reader', () => {
  it('give back what was written, whatever its order and size', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 40 }), (items) => {
        expect(read(items, write(items))).toEqual(items.map(({ value }) => value));
      }),
    );
  });

  it('write equal bytes for equal values, also with a writer that was used before', () => {
    fc.assert(
      fc.property(fc.array(item), fc.array(item), (before, items) => {
        const used = new Writer();
        const first = write(before, used);
        const copy = Buffer.from(first);
        expect(write(items, used)).toEqual(write(items));
        expect(first).toEqual(copy);
      }),
    );
  });

  it('write different bytes for different numbers', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.bigInt(), fc.maxSafeNat(), fc.maxSafeNat(), (a, b, m, n) => {
        expect(write([{ kind: 'big', value: a }]).equals(write([{ kind: 'big', value: b }]))).toBe(a === b);
        expect(write([{ kind: 'unsigned', value: m }]).equals(write([{ kind: 'unsigned', value: n }]))).toBe(m === n);
      }),
    );
  });

  // Stored bytes outlive the code that wrote them: they may change only together with the storage
  // format of a plan.
  it.each<{ item: Item; hex: string }>([
    { item: { kind: 'unsigned', value: 0 }, hex: '00' },
    { item: { kind: 'unsigned', value: 127 }, hex: '7f' },
    { item: { kind: 'unsigned', value: 128 }, hex: '8001' },
    { item: { kind: 'unsigned', value: 2 ** 53 - 1 }, hex: 'ffffffffffffff0f' },
    { item: { kind: 'double', value: 1 }, hex: '3ff0000000000000' },
    { item: { kind: 'big', value: 0n }, hex: '0000' },
    { item: { kind: 'big', value: 1n }, hex: '000101' },
    { item: { kind: 'big', value: -1n }, hex: '010101' },
    { item: { kind: 'big', value: 0xabcn }, hex: '00020abc' },
    { item: { kind: 'big', value: -(1n << 64n) }, hex: '0109010000000000000000' },
    { item: { kind: 'text', value: '' }, hex: '00' },
    { item: { kind: 'text', value: 'né' }, hex: '036ec3a9' },
  ])('write $item.kind $item.value as $hex', ({ item, hex }) => {
    expect(write([item]).toString('hex')).toBe(hex);
  });

  it('refuse bytes that end early, and bytes left over', () => {
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 3 }), (items) => {
        const whole = write(items);
        const isRefused = (cell: Uint8Array): boolean => {
          try {
            return read(items, cell) === null;
          } catch (error) {
            return error instanceof CodecError;
          }
        };
        const taken = Array.from(whole.keys()).filter((length) => !isRefused(whole.subarray(0, length)));
        expect(taken).toEqual([]);
        expect(isRefused(Buffer.concat([whole, Buffer.of(7)]))).toBe(true);
      }),
    );
  });

  it('refuse a value that ends early as soon as it is read, and say where', () => {
    for (const { kind, value } of [
      { kind: 'unsigned', value: 300 },
      { kind: 'double', value: 0.1 },
      { kind: 'big', value: 0xabcden },
      { kind: 'text', value: 'né' },
    ] as const satisfies readonly Item[]) {
      const whole = write([{ kind, value } as Item]);
      for (let length = 0; length < whole.length; length++)
        expect(() => new Reader(whole.subarray(0, length))[kind]()).toThrow(CodecError);
    }
    expect(() => new Reader(Buffer.of(1, 2, 3)).double()).toThrow(
      expect.objectContaining({
        code: 'BIFOLD_BAD_CELL',
        explanation: {
          failed: 'a stored state cannot be read',
          received: '3 bytes, at 0: 010203',
          allowed: expect.stringContaining('this version of the view'),
          remedy: expect.stringContaining('recomputed'),
        },
      }),
    );
  });

  it('read a part of a larger buffer', () => {
    const whole = Buffer.concat([Buffer.of(9), write([{ kind: 'unsigned', value: 300 }]), Buffer.of(9)]);
    expect(new Reader(whole.subarray(1, 3)).unsigned()).toBe(300);
  });

  it('never take random bytes for something else than values or an error of their own', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.array(item, { maxLength: 5 }), (cell, items) => {
        try {
          read(items, cell);
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError);
        }
      }),
    );
  });
});

import {
  type AggregateFunction,
  type AggregateKind,
  adderOf,
  algebraOf,
  CodecError,
  Reader,
} from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { choices, shuffled } from '../numbers.ts';
import { bytes, cases, type Domain, decoded, folded, grouped, hex } from './meaning.ts';

describe.each(cases)('$name', ({ algebra, value, values, meaning, near }) => {
  it('merges associatively', () => {
    fc.assert(
      fc.property(values, values, values, (a, b, c) => {
        const [x, y, z] = [folded(algebra, a), folded(algebra, b), folded(algebra, c)];
        expect(hex(algebra, algebra.merge(algebra.merge(x, y), z))).toBe(
          hex(algebra, algebra.merge(x, algebra.merge(y, z))),
        );
      }),
    );
  });

  it('merges commutatively', () => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        const [x, y] = [folded(algebra, a), folded(algebra, b)];
        expect(hex(algebra, algebra.merge(x, y))).toBe(hex(algebra, algebra.merge(y, x)));
      }),
    );
  });

  it('has empty as identity', () => {
    fc.assert(
      fc.property(values, (a) => {
        const state = folded(algebra, a);
        expect(hex(algebra, algebra.merge(algebra.empty, state))).toBe(hex(algebra, state));
        expect(hex(algebra, algebra.merge(state, algebra.empty))).toBe(hex(algebra, state));
      }),
    );
  });

  it('adds as it merges what it lifts', () => {
    fc.assert(
      fc.property(values, value, (a, next) => {
        const state = folded(algebra, a);
        expect(hex(algebra, algebra.add(state, next))).toBe(hex(algebra, algebra.merge(state, algebra.lift(next))));
      }),
    );
  });

  it('adds in place as it adds, and leaves empty as it is', () => {
    if (algebra.addOwned) expect(algebra.empty === null || typeof algebra.empty !== 'object').toBe(true);
    fc.assert(
      fc.property(values, (a) => {
        const state = a.reduce<unknown>(adderOf(algebra), algebra.empty);
        expect(hex(algebra, state)).toBe(hex(algebra, folded(algebra, a)));
        // The reader of a state from the database is its owner.
        const again = a.reduce<unknown>(adderOf(algebra), decoded(algebra, state));
        expect(hex(algebra, again)).toBe(hex(algebra, algebra.merge(folded(algebra, a), folded(algebra, a))));
      }),
    );
  });

  it('decodes what it encodes', () => {
    fc.assert(
      fc.property(values, (a) => {
        const state = folded(algebra, a);
        const again = decoded(algebra, state);
        expect(hex(algebra, again)).toBe(hex(algebra, state));
        expect(algebra.present(again)).toEqual(algebra.present(state));
      }),
    );
  });

  it('gives equal bytes and the plain meaning for equal values, in any order and grouping', () => {
    fc.assert(
      fc.property(values, fc.integer(), (a, seed) => {
        const choose = choices(seed);
        const state = grouped(algebra, shuffled(a, choose), choose);
        expect(hex(algebra, state)).toBe(hex(algebra, folded(algebra, a)));
        const [shown, wanted] = [algebra.present(state), meaning(a)];
        if (near === null || typeof wanted !== 'number') expect(shown).toEqual(wanted);
        else expect(Math.abs((shown as number) - wanted)).toBeLessThanOrEqual(Math.abs(wanted) * near[0] + near[1]);
      }),
      { numRuns: 400 },
    );
  });

  it('refuses every shorter cell, and bytes left over', () => {
    fc.assert(
      fc.property(values, (a) => {
        const whole = bytes(algebra, folded(algebra, a));
        const codeOf = (cell: Uint8Array): unknown => {
          try {
            const reader = new Reader(cell);
            algebra.decode(reader);
            reader.end();
            return 'read';
          } catch (error) {
            return error instanceof CodecError ? error.code : error;
          }
        };
        const shorter = Array.from(whole, (_, length) => codeOf(whole.subarray(0, length)));
        expect(shorter.filter((code) => code !== 'BIFOLD_BAD_CELL')).toEqual([]);
        expect(codeOf(Buffer.concat([whole, Buffer.of(0)]))).toBe('BIFOLD_BAD_CELL');
      }),
      { numRuns: 50 },
    );
  });
});

// Stored bytes outlive the code that wrote them: they may change only together with the storage
// format of a plan.
describe('the bytes of a stored state', () => {
  it.each<{ kind: AggregateKind; domain: Domain; values: readonly number[]; hex: string }>([
    { kind: 'count', domain: 'integer', values: [], hex: '00' },
    { kind: 'count', domain: 'double', values: [5, 0.5], hex: '02' },
    { kind: 'sum', domain: 'integer', values: [], hex: '0000' },
    { kind: 'sum', domain: 'integer', values: [-3, 1], hex: '010102' },
    { kind: 'sum', domain: 'double', values: [], hex: '000000000000000000' },
    { kind: 'sum', domain: 'double', values: [-3, 1], hex: '00c000000000000000' },
    // 2^53 + 1 is no double: exponent 0 + 2048, mantissa 0x20000000000001.
    { kind: 'sum', domain: 'double', values: [2 ** 53, 1], hex: '018010000720000000000001' },
    { kind: 'min', domain: 'integer', values: [], hex: '00' },
    { kind: 'min', domain: 'integer', values: [2, 1], hex: '013ff0000000000000' },
    { kind: 'max', domain: 'double', values: [1, 2], hex: '014000000000000000' },
    { kind: 'mean', domain: 'integer', values: [-3, 1], hex: '02010102' },
    { kind: 'mean', domain: 'double', values: [-3, 1], hex: '0200c000000000000000' },
  ])('$kind of $domains, of $values: $hex', ({ kind, domain, values, hex: stored }) => {
    const algebra = algebraOf({ kind, domain } as AggregateFunction);
    expect(hex(algebra, folded(algebra, values))).toBe(stored);
  });
});

it('a stored value of no type is refused', () => {
  const algebra = algebraOf({ kind: 'topK', domain: 'text', parameter: 3 });
  // One value, of type 9, that came once.
  expect(() => algebra.decode(new Reader(Buffer.of(1, 1, 9, 1)))).toThrow(CodecError);
});

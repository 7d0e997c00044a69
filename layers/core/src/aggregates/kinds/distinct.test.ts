import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Reader, Writer } from '../../records/codec.ts';
import { distinctValues, EXACT_VALUES_MAX } from './distinct.ts';

type State = typeof distinctValues.empty;

const bytes = (state: State): Buffer => {
  const writer = new Writer();
  distinctValues.encode(state, writer);
  return writer.take();
};
const again = (state: State): State => {
  const reader = new Reader(bytes(state));
  const decoded = distinctValues.decode(reader);
  reader.end();
  return decoded;
};
const stateOf = (values: Iterable<string | number | boolean>): State => {
  let state = distinctValues.empty;
  for (const value of values) state = distinctValues.addOwned?.(state, value) ?? null;
  return state;
};
const below = (end: number): number[] => Array.from({ length: end }, (_, value) => value);

describe('the number of different values', () => {
  it('is exact up to 256 values, whatever they are', () => {
    const values = fc.uniqueArray(fc.oneof(fc.string(), fc.double({ noNaN: true }), fc.integer(), fc.boolean()), {
      maxLength: EXACT_VALUES_MAX,
      selector: (value) => (Object.is(value, -0) ? 0 : value),
    });
    fc.assert(fc.property(values, (some) => expect(distinctValues.present(stateOf(some))).toBe(some.length)));
  });

  it('is exact at every number up to 256, and an estimate from 257 on', () => {
    for (let count = 0; count <= EXACT_VALUES_MAX; count++) {
      const state = stateOf(below(count));
      expect([distinctValues.present(state), distinctValues.boundOf?.(state)]).toEqual([count, null]);
    }
    expect(distinctValues.boundOf?.(stateOf(below(EXACT_VALUES_MAX + 1)))).toEqual({
      relative: 0.01625,
      kind: 'standard error',
    });
  });

  it('counts a number once, also as -0 and 0, and tells it from the same digits as text', () => {
    expect(distinctValues.present(stateOf([0, -0, 0.0]))).toBe(1);
    expect(distinctValues.present(stateOf([1, '1', true, '1.0', 'true']))).toBe(5);
  });

  it('tells texts apart that differ by an invisible character', () => {
    expect(distinctValues.present(stateOf(['a', '\ufeffa', 'a\u0000', 'a\u200b', 'A']))).toBe(5);
  });

  it('is within 5 % at every thousand up to 60,000', () => {
    let state = distinctValues.empty;
    const far: number[] = [];
    for (let values = 1; values <= 60_000; values++) {
      state = distinctValues.addOwned?.(state, values) ?? null;
      if (values % 1000 === 0 && Math.abs(distinctValues.present(state) - values) / values > 0.05) far.push(values);
    }
    expect(far).toEqual([]);
  });

  it('is the same for the same values in every version: receipts name answers that show it', () => {
    const shown = [256, 1_000, 8_192, 15_000, 20_000, 100_000].map((end) =>
      distinctValues.present(stateOf(below(end))),
    );
    expect(shown).toEqual([256, 1_007, 8_165, 15_269, 20_225, 99_843]);
  });

  it('depends on the set of values alone, below, at and above 256', () => {
    for (const count of [10, 255, 256, 257, 300, 20_000]) {
      const values = below(count);
      const state = bytes(stateOf(values));
      expect(bytes(stateOf(values.toReversed()))).toEqual(state);
      expect(bytes(stateOf([...values, ...values]))).toEqual(state);
      const [left, right] = [stateOf(values.slice(0, count * 0.6)), stateOf(values.slice(count * 0.4))];
      expect(bytes(distinctValues.merge(left, right))).toEqual(state);
      expect(bytes(distinctValues.merge(right, left))).toEqual(state);
    }
  });

  it('merges three states in any grouping, whichever of them are estimates', () => {
    const parts = [below(200), below(300).slice(100), below(256).slice(30)].map(stateOf);
    const [a, b, c] = parts as [State, State, State];
    const grouped = bytes(distinctValues.merge(distinctValues.merge(a, b), c));
    expect(bytes(distinctValues.merge(a, distinctValues.merge(b, c)))).toEqual(grouped);
    expect(grouped).toEqual(bytes(stateOf(below(300))));
  });

  it('leaves states alone that are added to or merged', () => {
    for (const count of [100, 256, 1_000]) {
      const state = stateOf(below(count));
      const before = bytes(state);
      for (const value of below(1_000)) distinctValues.add(state, value);
      distinctValues.merge(state, stateOf(below(2_000)));
      distinctValues.merge(stateOf([-1, -2]), state);
      expect(bytes(state)).toEqual(before);
    }
  });

  it('is stored in at most 2 KiB while it is exact, and read as it was written', () => {
    for (const count of [0, 1, 100, 256, 257, 2_000, 3_000, 20_000, 60_000]) {
      const state = stateOf(below(count));
      expect(again(state)).toEqual(state);
      if (count <= EXACT_VALUES_MAX)
        expect(bytes(state).length).toBe(count === 0 ? 1 : count < 128 ? 2 + 8 * count : 3 + 8 * count);
    }
  });

  it('refuses bytes of no state', () => {
    expect(() => distinctValues.decode(new Reader(Buffer.from([3])))).toThrow('a stored state cannot be read');
  });
});

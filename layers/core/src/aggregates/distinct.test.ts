import { describe, expect, it } from '@jest/globals';
import { Reader, Writer } from '../codec.ts';
import { distinct } from './distinct.ts';

type State = typeof distinct.empty;
const REGISTERS = 4096;

const bytes = (state: State): Buffer => {
  const writer = new Writer();
  distinct.encode(state, writer);
  return writer.take();
};
const again = (state: State): State => {
  const reader = new Reader(bytes(state));
  const decoded = distinct.decode(reader);
  reader.end();
  return decoded;
};
const stateOf = (values: Iterable<number>): State => {
  let state = distinct.empty;
  for (const value of values) state = distinct.add(state, value);
  return state;
};
const below = (end: number): number[] => Array.from({ length: end }, (_, value) => value);
const usedOf = (state: State): number => (state ?? new Uint8Array()).filter((rank) => rank > 0).length;

describe('the number of different values', () => {
  it('is exact while it is small', () => {
    for (const values of [0, 1, 2, 10, 30]) expect(distinct.present(stateOf(below(values)))).toBe(values);
  });

  it('is within 5 % at every thousand up to 60,000', () => {
    let state = distinct.empty;
    const far: number[] = [];
    for (let values = 1; values <= 60_000; values++) {
      state = distinct.add(state, values);
      if (values % 1000 === 0 && Math.abs(distinct.present(state) - values) / values > 0.05) far.push(values);
    }
    expect(far).toEqual([]);
  });

  it('is what it was: receipts name answers that show it', () => {
    const shown = [1_000, 8_192, 15_000, 20_000, 100_000].map((end) => distinct.present(stateOf(below(end))));
    expect(shown).toEqual([1_000, 7_971, 15_255, 20_306, 99_873]);
  });

  it('is told by the ranks where no register is unused, however small they are', () => {
    // 0.7213 / (1 + 1.079 / 4096) * 4096 * 2: little enough to be told by unused ones, if there were any.
    expect(distinct.present(new Uint8Array(REGISTERS).fill(1))).toBe(5_907);
  });

  it('does not change with the order of values, nor when they come twice', () => {
    const values = below(20_000);
    const state = bytes(stateOf(values));
    expect(bytes(stateOf(values.toReversed()))).toEqual(state);
    expect(bytes(stateOf([...values, ...values]))).toEqual(state);
    expect(bytes(distinct.merge(stateOf(values.slice(0, 12_000)), stateOf(values.slice(8_000))))).toEqual(state);
  });

  it('is the same where values are added in place: no register falls', () => {
    let state: State = null;
    for (const value of below(20_000)) state = distinct.addOwned?.(state, value) ?? null;
    expect(bytes(state)).toEqual(bytes(stateOf(below(20_000))));
  });

  it('leaves the state alone that a value is added to', () => {
    const state = stateOf(below(100));
    const before = bytes(state);
    for (const value of below(1000)) distinct.add(state, value);
    expect(bytes(state)).toEqual(before);
  });
});

describe('stored registers', () => {
  it('are read as they were written, however many are used', () => {
    for (const end of [0, 1, 100, 2_000, 3_000, 20_000, 60_000]) {
      const state = stateOf(below(end));
      expect(again(state)).toEqual(state);
    }
  });

  it('are listed up to half of them, and all there beyond', () => {
    let state = distinct.empty;
    let value = 0;
    while (usedOf(state) < REGISTERS / 2) state = distinct.add(state, value++);
    // How many, then how far to the next one that is used, and its rank.
    expect(bytes(state).length).toBe(2 + 2 * (REGISTERS / 2));
    expect(again(state)).toEqual(state);
    while (usedOf(state) === REGISTERS / 2) state = distinct.add(state, value++);
    expect(bytes(state).length).toBe(2 + REGISTERS);
    expect(again(state)).toEqual(state);
  });

  it('end with the last one that is used where they are listed, and with the last of all where they are all there', () => {
    for (const { used, sizeBytes } of [
      { used: 1, sizeBytes: 1 + 2 },
      { used: REGISTERS / 2, sizeBytes: 2 + REGISTERS },
      { used: REGISTERS / 2 + 1, sizeBytes: 2 + REGISTERS },
      { used: REGISTERS, sizeBytes: 2 + REGISTERS },
    ]) {
      const state = new Uint8Array(REGISTERS).fill(3, 0, used);
      expect(bytes(state).length).toBe(sizeBytes);
      expect(again(state)).toEqual(state);
    }
  });
});

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

  it.each([100, 1_000, 5_000, 10_000, 11_000, 20_000, 25_000, 30_000, 40_000, 60_000])('of %i is within 5 %', (end) => {
    const shown = distinct.present(stateOf(below(end)));
    expect(Math.abs(shown - end) / end).toBeLessThan(0.05);
  });

  it('does not change with the order of values, nor when they come twice', () => {
    const values = below(20_000);
    const state = bytes(stateOf(values));
    expect(bytes(stateOf(values.toReversed()))).toEqual(state);
    expect(bytes(stateOf([...values, ...values]))).toEqual(state);
    expect(bytes(distinct.merge(stateOf(values.slice(0, 12_000)), stateOf(values.slice(8_000))))).toEqual(state);
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
});

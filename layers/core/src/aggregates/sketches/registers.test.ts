import { describe, expect, it } from '@jest/globals';
import { Reader, Writer } from '../../records/codec.ts';
import { estimate, REGISTERS, type Registers, raise, readRegisters, registersOf, writeRegisters } from './registers.ts';
import { hashOfValue } from './value-hash.ts';

const bytes = (registers: Registers): Buffer => {
  const writer = new Writer();
  writeRegisters(registers, writer);
  return writer.take();
};
const again = (registers: Registers): Registers => {
  const reader = new Reader(bytes(registers));
  const decoded = readRegisters(reader);
  reader.end();
  return decoded;
};
const usedOf = (registers: Registers): number => registers.filter((rank) => rank > 0).length;

it('are told by their ranks where none is unused, however small the ranks are', () => {
  // 0.7213 / (1 + 1.079 / 4096) * 4096 * 2: small enough for linear counting, if there were unused
  // registers.
  expect(estimate(new Uint8Array(REGISTERS).fill(1))).toBe(5_907);
});

it('take the upper 12 bits of a hash as their index, and the zeros that follow as their rank', () => {
  expect(registersOf([0n])[0]).toBe(53);
  expect(registersOf([1n])[0]).toBe(52);
  expect(registersOf([2n ** 51n])[0]).toBe(1);
  expect(registersOf([2n ** 64n - 1n])[REGISTERS - 1]).toBe(1);
  expect(registersOf([1n, 2n ** 51n])[0]).toBe(52);
});

describe('stored registers', () => {
  it('are listed up to half of them, and all there beyond', () => {
    const state = new Uint8Array(REGISTERS);
    let value = 0;
    while (usedOf(state) < REGISTERS / 2) raise(state, hashOfValue(value++));
    // The count of registers, then for each used one its distance from the previous one, and its
    // rank.
    expect(bytes(state).length).toBe(2 + 2 * (REGISTERS / 2));
    expect(again(state)).toEqual(state);
    while (usedOf(state) === REGISTERS / 2) raise(state, hashOfValue(value++));
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

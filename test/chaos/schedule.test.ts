import { expect, it } from '@jest/globals';
import { FAULTS } from './faults/index.ts';
import { roundsOf } from './schedule.ts';

const kindsOf = (seed: number, rounds: number): readonly string[][] =>
  roundsOf(seed, FAULTS)
    .take(rounds)
    .map(({ faults }) => faults.map(({ kind }) => kind))
    .toArray();

it('draws the same rounds from the same seed, and others from another', () => {
  expect(kindsOf(7, 50)).toEqual(kindsOf(7, 50));
  expect(kindsOf(8, 50)).not.toEqual(kindsOf(7, 50));
});

it('has every kind come once before any comes again', () => {
  const kinds = kindsOf(1, FAULTS.length).flat();
  expect(new Set(kinds.slice(0, FAULTS.length)).size).toBe(FAULTS.length);
});

it('lets no two faults at once take hold of the same part', () => {
  for (const { faults } of roundsOf(1, FAULTS).take(200)) {
    const held = faults.flatMap(({ holds }) => holds);
    expect(new Set(held).size).toBe(held.length);
  }
});

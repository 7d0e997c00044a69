import { expect, it } from '@jest/globals';
import { lagOf } from './log-bounds.ts';

it('lag is what the log holds and answers do not, gaps among it', () => {
  const bounds = new Map([
    [0, { start: 0, end: 100 }],
    [1, { start: 0, end: 10 }],
  ]);
  expect(
    lagOf(bounds, {
      0: [
        [0, 40],
        [60, 100],
      ],
    }),
  ).toBe(30);
  expect(lagOf(bounds, { 0: [[0, 120]], 1: [[0, 10]] })).toBe(0);
});

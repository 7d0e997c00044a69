import { expect, it } from '@jest/globals';
import { delayMs, sleep } from './backoff.ts';

it('doubles to its bound, with jitter below', () => {
  const backoff = { firstMs: 100, maxMs: 5_000 };
  expect([1, 2, 3, 6, 7, 5_000].map((failures) => delayMs(backoff, failures, () => 1))).toEqual([
    100, 200, 400, 3_200, 5_000, 5_000,
  ]);
  expect(delayMs(backoff, 7, () => 0)).toBe(2_500);
});

it('ends at once when told to', async () => {
  const stopping = new AbortController();
  const slept = sleep(3_600_000, stopping.signal);
  stopping.abort();
  await slept;
  await sleep(3_600_000, stopping.signal);
});

import { createHash, randomInt } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { found, simulate } from './process.ts';

/** A few seconds of what `test/extended/simulation.test.ts` does for a minute. */
describe('the simulation', () => {
  it('finds no difference in new seeds', async () => {
    const from = randomInt(1_000_000, 1_000_000_000);
    const { seeds, steps, failures, counts } = await found('--seconds', '10', '--workers', '1', '--from', String(from));
    console.info(`${seeds} seeds from ${from}, ${steps} steps`);
    expect(failures).toEqual([]);
    expect(counts.answers).toBeGreaterThan(0);
  });

  it('is the same run for the same seed, line by line', async () => {
    const traces = [];
    for (let times = 0; times < 2; times++) traces.push(await simulate('--seed', '42', '--trace'));
    const [first, second] = traces.map((trace) => createHash('sha256').update(trace).digest('hex'));
    expect(first).toBe(second);
    expect(traces[0]).toMatch(/publish generation 1/);
  });
});

import { randomInt } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { found, simulate } from '../simulation/process.ts';

describe('the simulation', () => {
  it('finds no difference in new seeds', async () => {
    const from = randomInt(1_000_000, 1_000_000_000);
    const { seeds, steps, failures, counts } = await found('--seconds', '60', '--workers', '1', '--from', String(from));
    console.info(`${seeds} seeds from ${from}, ${steps} steps: ${JSON.stringify(counts)}`);
    expect(failures).toEqual([]);
    expect(counts.answers).toBeGreaterThan(0);
  });

  it.each(['last-offset-ignored', 'progress-before-fragments', 'sweep-by-the-newest-cut', 'poison-dropped'])(
    'sees %s, and says how to see it again',
    async (sabotage) => {
      const { failures } = await found('--seeds', '40', '--sabotage', sabotage);
      expect(failures.length).toBeGreaterThan(0);
      const [, replayed] = /-- (.*)$/.exec(failures[0]?.replay ?? '') ?? [];
      expect(await simulate(...(replayed ?? '').split(' '))).toContain('FAILURE');
    },
  );
});

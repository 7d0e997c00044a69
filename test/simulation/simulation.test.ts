import { execFile } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

interface Simulated {
  readonly seeds: number;
  readonly steps: number;
  readonly failures: readonly { readonly seed: number; readonly failure: string; readonly replay: string }[];
  readonly counts: Readonly<Record<string, number>>;
}

/** A process of its own: a simulation lets the disk stand still, which a test runner needs. */
function simulate(...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [main, ...args], { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      // Status 1 means that something was found.
      if (error && error.code !== 1) reject(new Error(stderr, { cause: error }));
      else resolve(stdout);
    });
  });
}

const found = async (...args: string[]): Promise<Simulated> => JSON.parse(await simulate(...args, '--json'));

describe('the simulation', () => {
  it('finds no difference in new seeds', async () => {
    const from = randomInt(1_000_000, 1_000_000_000);
    const { seeds, steps, failures, counts } = await found('--seconds', '60', '--workers', '1', '--from', String(from));
    console.info(`${seeds} seeds from ${from}, ${steps} steps: ${JSON.stringify(counts)}`);
    expect(failures).toEqual([]);
    expect(counts.answers).toBeGreaterThan(0);
  }, 240_000);

  it('is the same run for the same seed, line by line', async () => {
    const traces = [];
    for (let times = 0; times < 2; times++) traces.push(await simulate('--seed', '42', '--trace'));
    const [first, second] = traces.map((trace) => createHash('sha256').update(trace).digest('hex'));
    expect(first).toBe(second);
    expect(traces[0]).toMatch(/publish generation 1/);
  }, 60_000);

  it.each(['last-offset-ignored', 'progress-before-fragments', 'sweep-by-the-newest-cut', 'poison-dropped'])(
    'sees %s, and says how to see it again',
    async (sabotage) => {
      const { failures } = await found('--seeds', '40', '--sabotage', sabotage);
      expect(failures.length).toBeGreaterThan(0);
      const [, replayed] = /-- (.*)$/.exec(failures[0]?.replay ?? '') ?? [];
      expect(await simulate(...(replayed ?? '').split(' '))).toContain('FAILURE');
    },
    240_000,
  );
});

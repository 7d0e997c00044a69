import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

export interface Simulated {
  readonly seeds: number;
  readonly steps: number;
  readonly failures: readonly { readonly seed: number; readonly failure: string; readonly replay: string }[];
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * A separate process: a simulation makes file operations synchronous, which would break a test
 * runner.
 */
export function simulate(...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [main, ...args], { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      // Status 1 means that something was found.
      if (error && error.code !== 1) reject(new Error(stderr, { cause: error }));
      else resolve(stdout);
    });
  });
}

/** The findings of a run, from its JSON. */
export const found = async (...args: string[]): Promise<Simulated> => JSON.parse(await simulate(...args, '--json'));

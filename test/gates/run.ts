import { execFile } from 'node:child_process';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

/** The exit code of a command, and its output. */
export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly output: string;
}

/** Runs a script of node_modules by the Node that runs the tests. */
export function run(script: string, options: readonly string[], cwd: string): Promise<Ended> {
  const { promise, resolve, reject } = Promise.withResolvers<Ended>();
  execFile(
    process.execPath,
    [join(root, 'node_modules', script), ...options],
    { cwd, maxBuffer: 64 * 1024 * 1024, env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' } },
    (error, stdout, stderr) => {
      const status = error === null ? 0 : error.code;
      if (typeof status === 'number') resolve({ status, stdout, output: stdout + stderr });
      else reject(error);
    },
  );
  return promise;
}

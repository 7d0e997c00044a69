import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CliError } from '../errors.ts';

export const run = promisify(execFile);

const INSTALL = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', '--no-deps'];
const OUTPUT_BYTES_MAX = 1 << 26;
const INSTALL_WITHIN_MS = 300_000;

/** Installs Python packages. Each file is checked against a committed hash. */
export async function pipInstall(
  python: string,
  args: readonly string[],
  {
    withinMs = INSTALL_WITHIN_MS,
    env = process.env,
  }: { readonly withinMs?: number; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<void> {
  await run(python, [...INSTALL, '--require-hashes', ...args], { timeout: withinMs, maxBuffer: OUTPUT_BYTES_MAX, env });
}

/**
 * Runs an installation. A failure reports the end of its output.
 * @throws {CliError}
 */
export async function installing<T>(
  { code, failed, allowed }: { readonly code: string; readonly failed: string; readonly allowed: string },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { stderr = '' } = cause as { stderr?: string };
    throw new CliError(
      code,
      {
        failed,
        allowed,
        remedy: 'check the network, then run the command again',
        received: stderr.trim().split('\n').slice(-8).join('\n') || String(cause),
      },
      { cause },
    );
  }
}

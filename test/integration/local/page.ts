import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bifold } from './bifold.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const program = join(root, 'infra', 'cli', 'bin', 'bifold.js');

/** A command of a page, with its documented output. */
export interface ShownCommand {
  readonly command: string;
  readonly output: string;
}

/** The commands of a page of the documentation, in their order. */
export function commandsOf(page: string): readonly ShownCommand[] {
  return readFileSync(join(root, 'docs', page), 'utf8')
    .split('```console\n')
    .slice(1)
    .flatMap((block) => `\n${block.split('\n```')[0]}`.split('\n$ ').slice(1))
    .map((text) => {
      const [command = '', ...output] = text.split('\n');
      return { command, output: output.join('\n') };
    });
}

/** The stable part of an output: its sorted lines, each as `lasting` leaves it. */
export function lastingLines(text: string, lasting: (line: string) => string | null): readonly string[] {
  return text
    .split('\n')
    .map((line) => lasting(line)?.replaceAll(/\s+/g, ' ').trim() ?? '')
    .filter((line) => line !== '')
    .sort();
}

/**
 * Runs a command as a person would in a folder, with both of its streams; `npx bifold` is that of
 * this checkout.
 */
export function inShell(
  { env }: Bifold,
  folder: string,
  command: string,
): Promise<{ readonly status: number; readonly output: string }> {
  return new Promise((resolve) => {
    const script = `exec 2>&1\nset -o pipefail\nnpx() { shift; "${process.execPath}" "${program}" "$@"; }\n${command}`;
    execFile('bash', ['-c', script], { cwd: folder, env }, (error, output) =>
      resolve({ status: error === null ? 0 : Number(error.code), output }),
    );
  });
}

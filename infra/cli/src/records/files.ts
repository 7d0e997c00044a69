import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CliError } from '../errors.ts';

/** Writes a file atomically: a reader sees the old or the new text. */
export function writeJson(file: string, value: unknown): void {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`);
  renameSync(draft, file);
}

/** Null when there is no such file. */
export function readJson<T>(file: string): T | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new CliError(
      'BIFOLD_STATE_UNREADABLE',
      {
        failed: `${file} cannot be read`,
        received: `text that is not JSON (${text.slice(0, 40)})`,
        allowed: 'what this program wrote there',
        remedy: `delete it, then run \`npx bifold deploy\`: rm ${file}`,
      },
      { cause },
    );
  }
}

import { mkdirSync } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { StreamError } from '../errors.ts';

/**
 * Files of JSON lines in one folder. A resolved write is on disk, so it survives a killed process
 * and a power failure.
 */
export interface Journal {
  /** Reads all complete lines. A truncated last line is ignored. */
  read(file: string): Promise<readonly unknown[]>;
  /** Appends lines. After a crash, only the first of them may be stored. */
  append(file: string, lines: readonly unknown[]): Promise<void>;
  /** Replaces the lines of a file atomically. */
  replace(file: string, lines: readonly unknown[]): Promise<void>;
}

export function folderJournal(folder: string): Journal {
  mkdirSync(folder, { recursive: true });
  /** Files whose end is complete. A truncated line is removed before the first line is appended. */
  const whole = new Set<string>();

  const wholeText = async (file: string): Promise<string> => {
    let text: string;
    try {
      text = await readFile(join(folder, file), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw error;
    }
    return text.slice(0, text.lastIndexOf('\n') + 1);
  };

  const writeDurably = async (path: string, flags: 'a' | 'w', text: string): Promise<void> => {
    const handle = await open(path, flags);
    try {
      await handle.writeFile(text);
      await handle.datasync();
    } finally {
      await handle.close();
    }
  };

  const replaceText = async (file: string, text: string): Promise<void> => {
    const draft = join(folder, `${file}.draft`);
    await writeDurably(draft, 'w', text);
    await rename(draft, join(folder, file));
    await syncFolder(folder);
    whole.add(file);
  };

  return {
    async read(file) {
      const lines = (await wholeText(file)).split('\n');
      return lines.flatMap((line, index) => (line === '' ? [] : [parsed(join(folder, file), line, index + 1)]));
    },

    async append(file, lines) {
      if (lines.length === 0) return;
      // Check this once per process too: a line appended to a truncated line would be lost with it.
      if (!whole.has(file)) await replaceText(file, await wholeText(file));
      await writeDurably(join(folder, file), 'a', textOf(lines));
    },

    replace: (file, lines) => replaceText(file, textOf(lines)),
  };
}

/** Removes a folder of lines. */
export async function removeJournal(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** Makes a rename durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function textOf(lines: readonly unknown[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

function parsed(path: string, line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new StreamError(
      'BIFOLD_CHECKPOINT_UNREADABLE',
      {
        failed: `line ${number} of ${path} cannot be read`,
        received: line.slice(0, 80),
        allowed: 'the JSON lines that this program wrote there',
        remedy: 'restore the file, or start over: npx bifold checkpoint reset',
      },
      { cause },
    );
  }
}

import { chmodSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CloudError, diskFull, systemCode } from './errors.ts';

const neighbour = (file: string) => `${file}.${process.pid}.${process.hrtime.bigint()}`;

/** Writes a file atomically: a reader sees the old or the new text. */
export const writeWhole = (file: string, text: string, mode = 0o644): void => {
  const draft = neighbour(file);
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(draft, text, { mode });
    renameSync(draft, file);
  } catch (cause) {
    rmSync(draft, { force: true });
    throw systemCode(cause) === 'ENOSPC' ? diskFull(`writing ${file}`, cause) : cause;
  }
};

/** Like `writeWhole`, but the first writer wins. Returns false if the file exists. */
export const writeOnce = (file: string, text: string, mode = 0o644): boolean => {
  const draft = neighbour(file);
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(draft, text, { mode });
    linkSync(draft, file);
    return true;
  } catch (cause) {
    if (systemCode(cause) === 'EEXIST') return false;
    throw systemCode(cause) === 'ENOSPC' ? diskFull(`writing ${file}`, cause) : cause;
  } finally {
    rmSync(draft, { force: true });
  }
};

/**
 * The parsed content. Undefined if there is no such file. Invalid JSON is an error that names the
 * file.
 */
export const readJson = <T>(file: string): T | undefined => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new CloudError(
      'BIFOLD_STATE_UNREADABLE',
      {
        failed: `reading ${file}`,
        received: `text that is not JSON (${text.slice(0, 40)})`,
        allowed: 'what this program wrote there',
        remedy: `delete it: rm ${file}`,
      },
      { cause },
    );
  }
};

/**
 * Creates a folder that other users cannot read. It also corrects the rights of an existing folder.
 */
export const privateFolder = (folder: string): void => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
};

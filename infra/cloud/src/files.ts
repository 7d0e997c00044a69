import { chmodSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CloudError, diskFull, systemCode } from './errors.ts';

const neighbour = (file: string) => `${file}.${process.pid}.${process.hrtime.bigint()}`;

/** A reader sees the old text or the new, never half of one. */
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

/** As `writeWhole`, but the first writer wins: false when the file was there already. */
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
 * The parsed content, or undefined when there is no such file. A file that does not parse is named,
 * not ignored.
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
 * A folder that no other user of the machine can look into, also if it was there before with wider
 * rights.
 */
export const privateFolder = (folder: string): void => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
};

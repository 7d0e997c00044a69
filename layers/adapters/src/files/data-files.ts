import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/** All files in a local folder and its subfolders, in order. `/` separates the parts of a path. */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

/**
 * Whether readers of data folders ignore a file: a part of its path begins with a dot or an
 * underscore. As in Spark, the folder of a column is read, whatever the name of the column.
 */
export function isHidden(path: string): boolean {
  const parts = path.split('/');
  return parts.some((part, index) => /^[._]/.test(part) && !(index < parts.length - 1 && /^_.*=/.test(part)));
}

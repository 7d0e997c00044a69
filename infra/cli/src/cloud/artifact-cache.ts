import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { CloudPaths } from '@bifold/cloud';

/**
 * Creates a folder of data once. Its name contains a digest of its sources, so changed sources make
 * a new folder. The folder is complete or absent. If two commands create it at the same time, the
 * first one wins.
 */
export async function ensureFolder(
  { softwareDir }: CloudPaths,
  cacheName: string,
  madeOf: readonly string[],
  make: (draft: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256');
  for (const file of madeOf) hash.update(readFileSync(file));
  const cache = join(dirname(softwareDir), cacheName);
  const folder = join(cache, hash.digest('hex').slice(0, 12));
  if (existsSync(folder)) return folder;
  const draft = `${folder}.${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  try {
    await make(draft);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
  try {
    renameSync(draft, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
    rmSync(draft, { recursive: true, force: true });
  }
  // Remove the folders of earlier versions. Drafts of other commands have a dot in their names.
  for (const name of readdirSync(cache)) {
    if (!name.includes('.') && name !== basename(folder)) rmSync(join(cache, name), { recursive: true, force: true });
  }
  return folder;
}

export function jsonLines(records: readonly unknown[]): string {
  return `${records.map((record) => JSON.stringify(record)).join('\n')}\n`;
}

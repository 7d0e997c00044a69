import { renameSync, rmSync } from 'node:fs';

/** Writes a draft beside a file, and renames it in the end. The file is whole, or as it was. */
export async function writeWhole(path: string, write: (draft: string) => Promise<void>): Promise<void> {
  const draft = `${path}.${process.pid}.part`;
  try {
    await write(draft);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

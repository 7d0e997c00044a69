import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDuckDb } from '@bifold/adapters/duckdb';
import { copyRows, formatOfKind } from '@bifold/adapters/formats';
import type { FileCase } from './case.ts';

/** Makes the file of a case in a folder, and returns its path. */
export async function writeCase(folder: string, { file, content }: FileCase): Promise<string> {
  const path = join(folder, file);
  if (typeof content === 'string' || content instanceof Uint8Array) {
    writeFileSync(path, content);
    return path;
  }
  const database = await openDuckDb();
  try {
    await copyRows(database, content.query, path, formatOfKind('parquet'));
  } finally {
    database.close();
  }
  return path;
}

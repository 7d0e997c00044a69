import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file in a new folder, which is added to those that the caller removes. */
export function temporaryFile(name: string, temporary: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'bifold-'));
  temporary.push(folder);
  return join(folder, name);
}

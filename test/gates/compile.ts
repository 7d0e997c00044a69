import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ended, root, run } from './run.ts';

/**
 * Compiles files with the project's own options, in a folder that is deleted afterwards. `use` gets
 * the compiler's result, and the folder while it is there.
 */
export async function withCompiled<T>(
  files: ReadonlyMap<string, string>,
  use: (compiled: Ended, folder: string) => T | Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(root, 'test', 'planted', 'compiled-'));
  try {
    for (const [name, code] of files) writeFileSync(join(folder, name), code);
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: '../../../tsconfig.json', include: ['.'], exclude: [] }),
    );
    return await use(await run('typescript/bin/tsc', ['--project', folder, '--pretty', 'false'], root), folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

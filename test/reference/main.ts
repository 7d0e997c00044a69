import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { option, runProgram } from '@bifold/cli/command-line';
import { root } from '../gates/run.ts';
import { REFERENCE, referencePages } from './page.ts';

const PROGRAM = {
  name: 'reference',
  description: `Writes the API reference of the definition packages from their doc comments; test/gates/reference.test.ts
checks that it was written.`,
  options: [option('--json', 'print the names of the pages as JSON')],
  exitCodes: { 0: 'the pages are written' },
  examples: [''],
} as const;

await runProgram<{ readonly json?: true }>(PROGRAM, async ({ options: { json } }) => {
  const pages = [...referencePages()];
  const folder = join(root, REFERENCE);
  // Pages of groups that no longer exist are removed.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of pages) writeFileSync(join(folder, file), text);
  const files = pages.map(([file]) => join(REFERENCE, file));
  console.log(json ? JSON.stringify(files) : files.join('\n'));
  return 0;
});

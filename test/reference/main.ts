import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { option, runProgram } from '@bifold/cli/command-line';
import { currentPage, FILES_PAGE } from '../files/page/page.ts';
import { root } from '../gates/run.ts';
import { REFERENCE, referencePages } from './page.ts';

const PROGRAM = {
  name: 'reference',
  description: `Writes the API reference of the definition packages from their doc comments, and the tables of
docs/files.md from conversions of files. test/gates/reference.test.ts and test/files/page.test.ts check that they were
written.`,
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
  writeFileSync(join(root, FILES_PAGE), await currentPage());
  const files = [...pages.map(([file]) => join(REFERENCE, file)), FILES_PAGE];
  console.log(json ? JSON.stringify(files) : files.join('\n'));
  return 0;
});

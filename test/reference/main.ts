import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../gates/run.ts';
import { REFERENCE, referencePages } from './page.ts';

/** Writes the API reference. Pages of removed groups are deleted. */
const pages = referencePages();
const folder = join(root, REFERENCE);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const [file, text] of pages) writeFileSync(join(folder, file), text);
